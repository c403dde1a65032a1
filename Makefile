# Each target is one call of the tool in .venv; `make help` lists them.
BASE_OS ?= ubuntu
PROJECT ?= extension_src/custom_relu
PYTHON ?= python3
DIST ?= dist
VENV := .venv
OVEXT := $(VENV)/bin/ovext
# The options of `ovext build` that come from variables of make.
OPTIONS = $(if $(ISA),--isa '$(ISA)') $(if $(OPENVINO),--openvino '$(OPENVINO)') $(if $(ENGINE),--engine '$(ENGINE)') \
	$(if $(BASE_IMAGE),--base-image '$(BASE_IMAGE)') $(if $(JOBS),--jobs '$(JOBS)')

.PHONY: help cpu_extension demo bench dist test test-math lint format generate docs-pictures clean

help: ## Show this list
	@sed -n 's/^\([a-z_-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

cpu_extension: $(VENV)/.installed ## Build the extension library into lib/$(BASE_OS)/ (variables: BASE_OS PROJECT ISA OPENVINO ENGINE BASE_IMAGE JOBS)
	@$(OVEXT) build '$(PROJECT)' --base-os '$(BASE_OS)' $(OPTIONS)

demo: cpu_extension ## Run ResNet-50 with its first ReLU computed by the library
	@$(OVEXT) demo --library 'lib/$(BASE_OS)'

bench: cpu_extension ## Measure the op against its baselines
	@$(OVEXT) bench '$(PROJECT)' --library 'lib/$(BASE_OS)'

dist: $(VENV)/.installed ## Build the wheel and the sdist of ovext itself into dist/ (variable: DIST)
	@$(VENV)/bin/python -m build --quiet --outdir '$(DIST)' .
	@ls '$(DIST)'

test: $(VENV)/.installed-test ## Run every test
	@$(VENV)/bin/pytest $(PYTEST_OPTIONS)

test-math: $(VENV)/.installed-test ## Try the functions of ovext/math.hpp on all 2^32 floats (a quarter of an hour)
	@$(VENV)/bin/python tools/test_math.py

lint: $(VENV)/.installed-test $(VENV)/.installed-lint ## Run every linter
	@$(VENV)/bin/python tools/lint.py

format: $(VENV)/.installed-lint ## Format Python, C++ and CMake
	@$(VENV)/bin/python tools/lint.py --fix

generate: $(VENV)/.installed-test ## Rewrite the files that are made from the code or from OpenVINO
	@$(VENV)/bin/python tools/generate.py

docs-pictures: $(VENV)/.installed-test ## Take the pictures in docs/ from a real report (minutes; needs chromium)
	@$(VENV)/bin/python tools/docs_pictures.py

clean: ## Remove what was built; keeps .venv
	rm -rf lib build dist extension_src/*/build

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "ovext needs Python 3.10 or newer; name one with make PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ rm -rf $(VENV); echo "Install Python's venv module first, for instance with: apt-get install python3-venv" >&2; exit 2; }
	@touch $@

$(VENV)/.installed: pyproject.toml cmake/ovext-config-version.cmake | $(VENV)/.created
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# The group `frameworks` is large, and only tests/frameworks needs it: those tests are skipped without it.
# pip before 25.1 does not support dependency groups: tools/group.py prints them.
$(VENV)/.installed-%: pyproject.toml tools/group.py $(VENV)/.installed
	$(VENV)/bin/python tools/group.py $* | $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r /dev/stdin
	@touch $@
