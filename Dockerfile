# One image, three commands: `serve`, `card-host`, `worker` (docs/adr/0004). Target `sandbox`: `make cluster` in one;
# target `demo`: `make demo` (docs/install.md). Both listen on loopback alone.
# A machine without the instructions that argon2 is built with here uses the wheel (docs/operate.md, "Password hashing").
FROM python:3.12-bookworm AS argon2
WORKDIR /build
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY .ci/argon2 .ci/argon2
COPY .ci/argon2-build .ci/argon2-build
COPY idp idp
RUN mkdir -p /usr/local/lib/caducee && .ci/argon2 /usr/local requirements.lock

FROM python:3.12-slim-bookworm AS sandbox
RUN apt-get update && apt-get install -y --no-install-recommends nginx postgresql redis-server && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /srv/caducee caducee
WORKDIR /srv/caducee
COPY requirements-test.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-test.lock
COPY idp idp
COPY migrations migrations
COPY sandbox sandbox
COPY charters charters
COPY docs docs
COPY deploy deploy
USER caducee
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "-m", "sandbox.cluster"]

FROM python:3.12-slim-bookworm AS demo
RUN useradd --system --uid 10001 --home-dir /srv/caducee caducee && install -d -o caducee -m 700 /var/lib/caducee
WORKDIR /srv/caducee
COPY requirements-demo.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-demo.lock
COPY idp idp
COPY migrations migrations
COPY sandbox sandbox
COPY charters charters
RUN python -m compileall -q idp sandbox
USER caducee
ENV PYTHONUNBUFFERED=1
# `docker run --rm --network host caducee/demo`: with the network of the host, on its loopback; without, on that of the
# container, which nobody reaches.
ENTRYPOINT ["python", "-m", "sandbox.demo", "--state-dir", "/var/lib/caducee/demo"]
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:8400/health/ready', timeout=3)"]

# The last one: it is built where no target is named.
FROM python:3.12-slim-bookworm AS idp
# User 101 is that of the image of nginx, which alone is answered on the card host's socket.
RUN groupadd --system --gid 101 nginx && useradd --system --uid 101 --gid 101 --no-create-home nginx \
 && useradd --system --uid 10001 --groups nginx --home-dir /srv/caducee caducee \
 && install -d -o caducee -g nginx -m 750 /run/caducee
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
# Of `serve`; whoever runs another command says how that one is looked at, as docker-compose.yml does.
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8400/health/live', timeout=3)"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8400"]
