# make        builds build/release/agewise
# make demo   draws a collection, prepares it, trains, evaluates, reports
# make test   builds and runs all tests
# make bench  measures training and estimating with three networks
# Each installs missing Debian packages first (root or sudo) and, run again, does only what is new.
.PHONY: build demo test bench
.DEFAULT_GOAL := build

AGEWISE := build/release/agewise

build:
	@cmake/install-packages.sh build
	@mkdir -p build
	@cmake --preset release -DAGEWISE_TESTS=OFF >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build build/release --target agewise

demo: build
	@$(AGEWISE) demo build/demo

test:
	@cmake/install-packages.sh test
	@cmake --preset dev
	@cmake --build build/dev
	@ctest --test-dir build/dev --output-on-failure

bench: build
	@$(AGEWISE) bench
