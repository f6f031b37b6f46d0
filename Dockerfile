# One image, three commands: `serve`, `card-host`, `worker` (docs/adr/0004).
FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv/caducee caducee
WORKDIR /srv/caducee
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY idp idp
COPY migrations migrations
USER caducee
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "-m", "idp.cli"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8400"]
