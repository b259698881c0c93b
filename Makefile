# make: build · make demo · make test · make bench. Each installs missing Debian packages first (cmake/install-packages.sh).
.PHONY: all build demo test packages
BUILD := build/release

all: build

packages:
	@cmake/install-packages.sh build

build: packages
	@cmake --preset release >/dev/null
	@cmake --build $(BUILD) --target agewise
