# SPDX-License-Identifier: MIT
# Shortcuts. meson and ninja do the work; `make help` lists them.
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: help demo build test check soak bench install uninstall deb fmt clean

help:        ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: build  ## a real agent does its work inside an enclosure, and tries what it must not do
	@./bootstrap demo && ENCLOSURE=$(BUILD)/enclosure demo/run

build:       ## build/enclosure and its worker
	@./bootstrap build
	@mkdir -p $(BUILD) && { [ -e $(BUILD)/build.ninja ] || meson setup $(BUILD) --prefix $(PREFIX) >$(BUILD)/setup.log 2>&1 || \
		{ cat $(BUILD)/setup.log; exit 1; }; }
	@ninja -C $(BUILD)

test:        ## the quick tests: unit and whole runs (root)
	@./bootstrap check && tools/check --build $(BUILD) --quick

check:       ## everything that CI runs (root, within the hour)
	@./bootstrap check && tools/check --build $(BUILD)

soak:        ## the long tests: an hour of fuzzing a target, runs again and again
	@./bootstrap check && tools/check --build $(BUILD) --soak

bench: build ## measure against a named peer
	@./bootstrap check && ENCLOSURE=$(BUILD)/enclosure bench/run

install: build ## to PREFIX (/usr/local); DESTDIR is honoured
	@meson configure $(BUILD) --prefix $(PREFIX) && ninja -C $(BUILD) && meson install -C $(BUILD) --no-rebuild

uninstall:   ## remove it from there again
	@[ -e $(BUILD)/build.ninja ] || { echo "there is no $(BUILD): it knows what was installed" >&2; exit 1; }
	@meson configure $(BUILD) --prefix $(PREFIX) && ninja -C $(BUILD) build.ninja >/dev/null && tools/uninstall $(BUILD)

deb:         ## build/deb/enclosure_*.deb, checked by lintian
	@./bootstrap deb && tools/deb $(BUILD)/deb

fmt:         ## clang-format over all C files
	@tools/format --fix

clean:       ## remove what was built
	@rm -rf build build-clang build-asan build-fuzz
