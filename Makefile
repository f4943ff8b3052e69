# One command each; every one sets up by itself on first use.
GUIDE := docs/for-students.md
include docs/setup.mk
TESTABLE := .venv/.testable
SITED := .venv/.sited
CLUSTERED := .venv/.clustered

.PHONY: help setup demo test test-browser quick axe lab site lock clean
.DEFAULT_GOAL := help

help:
	@echo "make lab    open the course in JupyterLab"
	@echo "make demo   build, make a sample class, grade it, show the grades"
	@echo "make test   run all tests"
	@echo "make test-browser  only those in a real browser: a student's evening, formgrader's button"
	@echo "make quick  run the tests that take a minute or two"
	@echo "make site   make the website of the course, in site/"
	@echo "make setup  only install (the others do it when needed)"
	@echo "make clean  remove what the demo and the tests made"

$(TESTABLE): $(READY) requirements-test.lock requirements-postgres.lock
	@$(PIP) --require-hashes -r requirements.lock -r requirements-test.lock -r requirements-postgres.lock
	@touch $(TESTABLE)

$(SITED): $(READY) requirements-site.lock
	@$(PIP) --require-hashes -r requirements.lock -r requirements-site.lock
	@touch $(SITED)

$(CLUSTERED): $(READY) requirements-cluster.lock
	@$(PIP) --require-hashes -r requirements.lock -r requirements-cluster.lock
	@touch $(CLUSTERED)

demo: $(READY)
	@$(BIN)/python -m autograder.demo

test: $(TESTABLE) $(SITED) $(CLUSTERED) axe
	@BIN=$(BIN) sh tests/run

# axe-core looks at pages as people do who cannot see them; where npm has it not, the tests do without and say so.
AXE := .venv/axe/node_modules/axe-core/axe.min.js
axe: $(TESTABLE)
	@test -f $(AXE) || npm install --silent --prefix .venv/axe axe-core >/dev/null 2>&1 || echo "no axe-core to be had: pages are not tested with it"

test-browser: $(TESTABLE) axe
	@$(BIN)/pytest -q -rs tests/desk/test_walk.py tests/test_browser.py

# Style, packaging, rooms, judging, the commands: what differs between systems and Pythons shows here.
quick: $(TESTABLE)
	@$(BIN)/ruff check .
	@$(BIN)/pytest -q -rs -n 2 tests/test_packaging.py tests/test_rooms.py tests/test_cli.py tests/test_ways_in.py tests/judging/test_judging.py

site: $(SITED)
	@$(BIN)/python -m website

lab: $(READY)
	@$(BIN)/course lab $(OPTIONS)

# After a change of pyproject.toml's dependencies. What is pinned stays as it is; to raise it, take its lines out first.
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --quiet
lock: $(TESTABLE)
	$(COMPILE) --output-file requirements.lock >/dev/null
	for extra in test site cluster postgres; do \
	    $(COMPILE) --extra $$extra --constraint requirements.lock --output-file requirements-$$extra.lock >/dev/null \
	        $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.lock | sort -u) && \
	    sed -i.old '/^$$/,$$d' requirements-$$extra.lock && rm requirements-$$extra.lock.old || exit 1; \
	done

clean:
	rm -rf demo dist build site .pytest_cache .hypothesis .ruff_cache
