# One image, three commands: `serve`, `card-host`, `worker` (docs/adr/0004).
# A machine without the instructions that argon2 is built with here uses the wheel (docs/operate.md, "Password hashing").
FROM python:3.12-bookworm AS argon2
WORKDIR /build
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY .ci/argon2 .ci/argon2
COPY .ci/argon2-build .ci/argon2-build
COPY idp idp
RUN mkdir -p /usr/local/lib/caducee && .ci/argon2 /usr/local requirements.lock

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv/caducee caducee
WORKDIR /srv/caducee
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY --from=argon2 /usr/local/lib/caducee /usr/local/lib/caducee
COPY idp idp
COPY migrations migrations
# The service may not write here, and would compile itself at each start.
RUN python -m compileall -q idp
USER caducee
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "-m", "idp.cli"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8400"]
