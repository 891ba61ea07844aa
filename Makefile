# A thin front: Meson builds, tools/ installs what is missing.  HACKING.md explains each target.
BUILD ?= build
SEED ?=
T ?=

.PHONY: all run test check sim fuzz bench format install clean

all: | $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/need build
	@meson setup $(BUILD) >/dev/null

# Only what it runs: the tests of a first build would take longer than the rest.
run:
	@tools/need build run
	@$(MAKE) --silent --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) $(if $(wildcard $(BUILD)/src/cli/diarchy),--quiet) src/cli/diarchy
	@exec $(BUILD)/src/cli/diarchy demo

test:
	@tools/need build run test
	@tools/test

check:
	@tools/need build test
	@tools/check

sim: all
	@$(BUILD)/sim/sim $(if $(SEED),--seed $(SEED) --trace,--seconds 60)

fuzz:
	@tools/need build test
	@tools/fuzz $(T)

bench: all
	@tools/need build run bench
	@BUILD=$(BUILD) bench/run

format:
	@tools/need format
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf build build-*
