# How the course is set up, in a clone (Makefile) and in what students get (for-students.mk). GUIDE: where it says what to do
# instead, where it cannot run.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export TF_CPP_MIN_LOG_LEVEL ?= 3

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d; name another one: make PYTHON=python3.12 …" % sys.version_info[:2])'
	@$(PYTHON) -c 'import platform, sys, sysconfig; here = "an Intel Mac" if (sys.platform, platform.machine()) == ("darwin", "x86_64") else "Alpine Linux" if "musl" in str(sysconfig.get_config_var("HOST_GNU_TYPE")) else ""; sys.exit("There is no TensorFlow for %s; what to do instead: $(GUIDE), Start." % here if here else 0)'
	@echo "Setting up in .venv: this downloads about 700 MB and takes some minutes, once."
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@echo "Compiling: TensorFlow imports three times faster compiled."
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $(READY)
