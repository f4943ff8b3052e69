# One command each; every one sets up by itself on first use.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help setup demo test lab clean
.DEFAULT_GOAL := help

help:
	@echo "make lab    open the course in JupyterLab"
	@echo "make demo   build, make a sample class, grade it, show the grades"
	@echo "make test   run all tests"
	@echo "make setup  only install (the others do it when needed)"
	@echo "make clean  remove what the demo and the tests made"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d; name another one: make PYTHON=python3.12 …" % sys.version_info[:2])'
	@echo "Setting up in .venv: this downloads about 700 MB and takes some minutes, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "Compiling: TensorFlow imports three times faster compiled."
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $(READY)

demo: $(READY)
	@$(BIN)/python -m autograder.demo

test: $(READY)
	@BIN=$(BIN) sh tests/run

lab: $(READY)
	@$(BIN)/jupyter lab release

clean:
	rm -rf demo dist build .pytest_cache .hypothesis .ruff_cache
