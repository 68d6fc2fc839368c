# What people type: `make run` and `make test`; `make help` lists the rest.
# Packages and labs need root: sudo is asked for those alone, everything else runs as you.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# What runs a test binary: as root those that make network namespaces, the rest as you.
TRIPLE := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
export CARGO_TARGET_$(shell echo '$(TRIPLE)' | tr 'a-z-' 'A-Z_')_RUNNER := $(CURDIR)/bin/xapi-lab/scripts/run-test.sh

.PHONY: help run test lint doc bench lab kernel-lab soak fuzz deps build

help: ## This list.
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

deps: ## Installs the Debian packages that are missing.
	@bin/xapi-lab/scripts/install-packages.sh

build: deps ## Builds the programs in release.
	cargo build --release --locked --bins

run: build ## Builds, then runs the main job against real Open vSwitch in throw-away namespaces.
	@$(SUDO) bin/xapi-lab/scripts/tutorial.sh $(TARGET)/release

lab: build ## Brings up a lab of one host and leaves it there.
	$(SUDO) $(TARGET)/release/xapi-lab up

kernel-lab: deps ## The lab's tests on Open vSwitch's datapath in a kernel, user-mode Linux. Six minutes.
	@bin/xapi-lab/scripts/install-machines.sh
	cargo build --locked --workspace --bins
	XAPI_KERNEL_LAB=whole cargo test --locked -p xapi-tests --test lab kernel:: -- --nocapture

lint: ## Formatting and lints.
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

test: deps lint ## All tests, those on real Open vSwitch, in QEMU and in a kernel of their own included.
	@bin/xapi-lab/scripts/install-machines.sh
	cargo test --locked --workspace --no-fail-fast

doc: ## Writes docs/api from the model, and the crates' documents.
	UPDATE_DOCS=1 cargo test --locked -p xapi-model --test api_docs
	cargo doc --locked --workspace --no-deps

bench: deps ## Figures as ratios against a baseline in the same run.
	cargo build --release --locked --workspace --bins
	cargo bench --locked -p xapi-tests --bench figures

fuzz: ## Random bytes at everything that reads from outside, for a minute in all. FUZZ_SECONDS, FUZZ_TARGETS, FUZZ_SEED.
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) cargo test --release --locked -p xapi-fuzz -- --nocapture

# One run of cargo: packages built alone have other features, and would be built again.
soak: deps ## The long runs: a thousand kills of the database, kills on real Open vSwitch, pools under faults, random seeds and bytes. Hours.
	@bin/xapi-lab/scripts/install-machines.sh
	XAPI_SOAK=1 XAPI_SOAK_KILLS=1000 XAPI_SOAK_SEEDS=300 FUZZ_SECONDS=$(or $(FUZZ_SECONDS),3600) \
		cargo test --release --locked --workspace --no-fail-fast -- --nocapture
