# The commands of the house. Nothing is installed outside .venv, but Debian packages for the tests, when root.
#
#   make demo     everything on loopback        make demo ARGS="--ready-file F --port-base N"
#                                            make demo ARGS="--profile conformance" (docs/conformance.md)
#   make cluster  two providers behind nginx, PostgreSQL, Redis with sentinels, on loopback      make cluster ARGS="--port-base N"
#   make test     every test                    make test ARGS="tests/journeys -k charter"
#   make conformance   the OpenID Connect certification cases (docs/conformance.md)
#   make faults   everything done to a cluster under load, docs/faults.md      make faults ARGS="--kills 50 --races 500"
#   make relying-parties   applications of others, by the pages of docs/relying-parties   make relying-parties ARGS="django-allauth"
#   make check    style, types, templates, and which room imports which
#   make coverage      the branches that the rooms' own tests reach (.ci/coverage)
#   make pages    pictures of every page and mail in every state, and what axe says: var/pages/index.html      make pages ARGS="enrolment"
#   make settings      write docs/settings.md anew
#   make audit         write docs/audit.md anew
#   make bench    measure beside others, write docs/performance.md      make bench ARGS="caducee-es256 --rounds 1"
#   make bench-check   the cost of each flow against bench/check.json   make bench-check UPDATE=1
#   make bench-scale   a full house, two cores, tails
#   make lock     pin the dependencies anew     make clean   forget the environment and the state of the demo
#
# CI=1 tries all examples of the tests of properties; TESTS_SLOWNESS stretches their limits of time (tests/limits.py).

VENV := .venv
RUN := $(VENV)/bin/python
ARGS ?=
# Four on two cores: many tests wait for something. A demo is started once, and the longest groups begin first (tests/order.py).
WORKERS := --numprocesses 4 --dist loadgroup --no-loadscope-reorder
NODE_CLIENT := tests/third_party/openid_client/node_modules/.installed
BROWSER_TOOLS := tests/browser/tools/node_modules/.installed

# The workers of the tests, and all processes that these start, use what one of them compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo cluster test faults conformance relying-parties pages check coverage settings audit bench bench-check bench-scale lock clean

# exec: the signal sent to make's child is the demo's, and the demo ends if make dies.
demo: $(VENV)/.installed
	@exec $(RUN) -m sandbox.demo --end-with-parent $(ARGS)

# With PostgreSQL, which the demo's lock leaves out.
cluster: $(VENV)/.installed-for-tests
	@.ci/debian-packages
	@exec $(RUN) -m sandbox.cluster --end-with-parent $(ARGS)

test: $(VENV)/.installed-for-tests $(NODE_CLIENT) $(BROWSER_TOOLS)
	@.ci/debian-packages
	@exec $(RUN) -m pytest $(WORKERS) $(ARGS)

# Half an hour; a part of it is in the tests.
faults: $(VENV)/.installed-for-tests
	@.ci/debian-packages
	@exec $(RUN) -m tests.ledger --write $(ARGS)

conformance: $(VENV)/.installed-for-tests
	@.ci/debian-packages
	@exec $(RUN) -m pytest $(WORKERS) --verbose tests/conformance $(ARGS)

# Each in an environment of its own (var/relying-parties), from locks with hashes.
relying-parties: $(VENV)/.installed-for-tests
	@.ci/debian-packages oidc-gen:oidc-agent-cli plackup:liblemonldap-ng-portal-perl \
		plackup:libgd-securityimage-perl plackup:libimage-magick-perl
	@exec $(RUN) -m tests.relying_parties $(if $(ARGS),,--write) $(ARGS)

check: $(VENV)/.installed-for-tests
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	$(RUN) -m djlint --check --lint --quiet idp/templates

# Minutes; a part of a name takes less. The states are those of sandbox/style_guide, which the demo shows live.
pages: $(VENV)/.installed-for-tests $(BROWSER_TOOLS)
	@.ci/debian-packages
	@exec $(RUN) -m tests.pictures $(ARGS)

# The page of the settings, from their groups; a test holds it equal.
settings: $(VENV)/.installed-for-tests
	$(RUN) -m idp.settings.document > docs/settings.md

# The list of the audit events, from their enum; likewise.
audit: $(VENV)/.installed-for-tests
	$(RUN) -m idp.core.audit_document > docs/audit.md

# The page of the rules that requests keep to, from their tables; likewise.
refusals: $(VENV)/.installed-for-tests
	$(RUN) -m idp.protocol.rules.rule_book > docs/refusals.md

coverage: $(VENV)/.installed-for-tests
	@.ci/debian-packages
	@.ci/coverage $(RUN)

# BEFORE=DIRECTORY: another checkout, measured in the same turns.
bench: $(VENV)/.installed-for-tests
	@BENCH_BEFORE="$(BEFORE)" exec $(RUN) -m bench $(if $(BEFORE),--before) $(ARGS)

bench-check: $(VENV)/.installed-for-tests
	@.ci/debian-packages
	@exec $(RUN) -m bench.check $(if $(UPDATE),--update) $(ARGS)

bench-scale: $(VENV)/.installed-for-tests
	@exec $(RUN) -m bench.scale $(ARGS)

# Three locks from one list: what runs, what the demo adds, what tests. Versions move only here.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH" >&2; exit 1; }
	$(COMPILE) --extra postgresql --output-file requirements.lock
	$(COMPILE) --extra sandbox --output-file requirements-demo.lock
	$(COMPILE) --all-extras --output-file requirements-test.lock

# The marks say which lock is installed: a lock not changed installs nothing.
$(VENV)/.installed: requirements-demo.lock
	@[ -e $(VENV)/.installed-for-tests ] && [ ! requirements-test.lock -nt $(VENV)/.installed-for-tests ] \
		|| { .ci/venv $(VENV) requirements-demo.lock && .ci/argon2 $(VENV) requirements-demo.lock; }
	@touch $@

$(VENV)/.installed-for-tests: requirements-test.lock
	@.ci/venv $(VENV) requirements-test.lock
	@.ci/argon2 $(VENV) requirements-test.lock
	@touch $@

# Programs of others, from the npm registry: hashes in the locks, by the Node that the tests' lock brings.
$(NODE_CLIENT) $(BROWSER_TOOLS): %/node_modules/.installed: %/package-lock.json $(VENV)/.installed-for-tests
	@cd $* && $(CURDIR)/$(VENV)/bin/npm ci --silent --no-audit --no-fund
	@touch $@

clean:
	rm -rf $(VENV) $(dir $(NODE_CLIENT) $(BROWSER_TOOLS)) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
