# What people type: `make run` and `make test`; `make help` lists the rest.
# Packages and labs need root: sudo is asked for those alone, everything else runs as you.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
TRIPLE := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
RUNNER := CARGO_TARGET_$(shell echo '$(TRIPLE)' | tr 'a-z-' 'A-Z_')_RUNNER
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
AS_ROOT := $(if $(SUDO),env $(RUNNER)="sudo -E",)
# Crates whose tests make network namespaces.
LAB_CRATES := -p xapi-net -p xapi-lab -p xapi-tests

.PHONY: help run test lint doc bench lab soak deps build

help: ## This list.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## Installs the Debian packages that are missing.
	@bin/xapi-lab/scripts/install-packages.sh

build: deps ## Builds the programs in release.
	cargo build --release --locked --bins

run: build ## Builds, then runs the main job against real Open vSwitch in throw-away namespaces.
	@$(SUDO) bin/xapi-lab/scripts/tutorial.sh $(TARGET)/release

lab: build ## Brings up a lab of one host and leaves it there.
	$(SUDO) $(TARGET)/release/xapi-lab up

lint: ## Formatting and lints.
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

test: deps lint ## All tests, those on real Open vSwitch included.
	cargo build --locked --workspace --bins
	cargo test --locked --workspace $(patsubst -p,--exclude,$(LAB_CRATES))
	$(AS_ROOT) cargo test --locked $(LAB_CRATES)

doc: ## Writes docs/api from the model, and the crates' documents.
	UPDATE_DOCS=1 cargo test --locked -p xapi-model --test api_docs
	cargo doc --locked --workspace --no-deps

bench: deps ## Figures as ratios against a baseline in the same run.
	cargo build --release --locked --workspace --bins --benches
	$(AS_ROOT) cargo bench --locked -p xapi-tests

soak: deps ## The long runs: kill loops and random simulations. Takes an hour.
	cargo build --release --locked --workspace --bins
	XAPI_SOAK=1 $(AS_ROOT) cargo test --release --locked --workspace -- --nocapture --test-threads=1 soak
