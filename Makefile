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

run:
	@tools/need build run
	@$(MAKE) --no-print-directory all
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
