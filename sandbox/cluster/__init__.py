"""A cluster on loopback: `python -m sandbox.cluster`, which `make cluster` runs.

Two providers, worker, card host, nginx, PostgreSQL, Redis with its sentinels, on the files of deploy/cluster that
docker-compose.yml mounts, and around them the programs of the demo. Contains ports, files, processes. Not here: the
simulators and the small browser (`sandbox.demo` and its neighbours); anything of `idp` but its command line.
"""
