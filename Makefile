# Everything a newcomer needs: `make demo`, `make test`, `make devnet`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export FOUNDRY_DISABLE_NIGHTLY_WARNING := 1

NPM := node_modules/.package-lock.json
CARGO := cargo
DEBUG_BIN := $(CURDIR)/target/debug/fixpoint
RELEASE_BIN := $(CURDIR)/target/release/fixpoint
# Builds what `make test-rust` built, the binary included: another selection of packages would give
# dependencies other features and compile them again.
BUILD_DEBUG := $(CARGO) test --locked --workspace --no-run

.PHONY: help tools setup build demo devnet test lint test-rust test-contracts test-e2e \
	test-conformance conformance onnx-conformance real-models cross cross-ci bench gas predeploys vectors \
	fmt fuzz clean halmos deep-invariants coverage slither examples accuracy \
	test-npm test-clients test-explorer python test-python ethereum-tests

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install it from https://rustup.rs"; exit 1; }
	@command -v npm >/dev/null || { echo "Node.js 20 or newer with npm is missing"; exit 1; }
	@command -v python3 >/dev/null || { echo "Python 3.10 or newer is missing"; exit 1; }

$(NPM): package.json package-lock.json | tools
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

setup: $(NPM) ## Install what the build needs (Foundry and solc from npm)

build: tools ## Build the release binary
	$(CARGO) build --release --locked -p fixpoint-cli

demo: $(NPM) build ## The whole path once: ONNX digits to inference() in a contract that pays for it
	python3 scripts/demo.py --fixpoint $(RELEASE_BIN)

PORT ?= 8545
devnet: $(NPM) build ## A node on PORT (8545) with funded accounts, predeployed contracts and the digits model
	python3 scripts/devnet.py --fixpoint $(RELEASE_BIN) --port $(PORT)

test: lint test-rust test-contracts test-e2e test-conformance ## Every test; what CI runs

lint: tools ## Formatting, and the lints that keep consensus code deterministic
	$(CARGO) fmt --all --check
	@# Modules that a macro declares, which `cargo fmt` does not find.
	rustfmt --check --edition 2024 $(wildcard precompile/runtime/src/ops/*.rs)
	$(CARGO) clippy --locked -p fixpoint-runtime -p fixpoint-precompile --all-targets -- -D warnings
	$(CARGO) clippy --locked --workspace -- -D warnings
	$(CARGO) clippy --locked -p fixpoint-runtime --no-default-features -- -D warnings

test-rust: tools ## Rust unit, property, vector and node tests
	$(CARGO) test --locked --workspace

test-contracts: $(NPM) tools ## Solidity tests, through the native runtime where they infer
	$(BUILD_DEBUG)
	forge fmt --check
	forge build
	node tools/predeploys.cjs --check
	node tools/selectors.cjs --check
	node tools/explorer_abi.cjs --check
	node tools/sizes.cjs --check
	python3 scripts/example_libraries.py --fixpoint $(DEBUG_BIN) --check
	@# Fails when the figures are not those in snapshots/gas.json.
	FORGE_SNAPSHOT_CHECK=true forge test --match-contract ContractGasTest
	FOUNDRY_PROFILE=ci FIXPOINT_CLI=$(DEBUG_BIN) forge test --no-match-contract ContractGasTest
	python3 scripts/coverage.py

coverage: $(NPM) tools ## What the Solidity tests reach of contracts/src; fails below 95 % of lines or 90 % of branches
	python3 scripts/coverage.py --missing

slither: $(NPM) tools ## Slither over contracts/src; fails on a finding that contracts/slither.json does not answer
	python3 scripts/slither.py

halmos: $(NPM) tools ## Proofs of how a price is split, for all prices and shares
	python3 scripts/halmos.py

deep-invariants: $(NPM) tools ## Invariants in 1,000 runs of 500 actions, fuzz tests in 100,000 runs: hours
	@# Not those that start a process for each run.
	FOUNDRY_PROFILE=deep forge test --no-match-path 'contracts/test/{testing,native}/*'

test-e2e: $(NPM) tools ## The demo, the second SIMD-free process, the README's walk, the examples, proofs of receipts, rebuilt models, the npm and the Python package, other clients, the explorer, trained TFLite models
	$(BUILD_DEBUG)
	$(CARGO) build --locked -p fixpoint-node --bin fixpoint-import --no-default-features
	python3 scripts/demo.py --fixpoint $(DEBUG_BIN) --verify-with $(CURDIR)/target/debug/fixpoint-import
	python3 scripts/readme_walk.py --fixpoint $(DEBUG_BIN)
	python3 scripts/rpc_backend.py --fixpoint $(DEBUG_BIN)
	python3 scripts/two_parents.py --fixpoint $(DEBUG_BIN)
	python3 scripts/examples.py --fixpoint $(DEBUG_BIN)
	python3 scripts/solidml.py --fixpoint $(DEBUG_BIN)
	python3 scripts/receipts.py --fixpoint $(DEBUG_BIN)
	python3 scripts/verify.py --fixpoint $(DEBUG_BIN)
	python3 scripts/npm_package.py --fixpoint $(DEBUG_BIN)
	python3 scripts/clients.py --fixpoint $(DEBUG_BIN)
	python3 scripts/explorer.py --fixpoint $(DEBUG_BIN)
	python3 scripts/python_package.py --debug --test --fixpoint $(DEBUG_BIN)
	python3 scripts/real_models.py --fixpoint $(DEBUG_BIN) --samples 20
	@# With the converter, which test-rust may not have had.
	$(if $(TOSA_VENV),FIXPOINT_TOSA_TOOLS=$(abspath $(TOSA_VENV))/bin) $(CARGO) test --locked --workspace --test tflite_files

SAMPLES ?= 1000
real-models: build ## Trained TFLite models in MODELS against TOSA's reference model and a devnet
	python3 scripts/real_models.py --fixpoint $(RELEASE_BIN) --samples $(SAMPLES) $(if $(MODELS),--models $(MODELS))

TARGETS ?=
cross: tools ## The runtime, the precompile and the vectors on other machines, and Miri (TARGETS="s390x wasm32")
	python3 scripts/cross.py $(TARGETS)

cross-ci: tools ## The cheap ones of them: big endian, 32 bits, WebAssembly
	python3 scripts/cross.py s390x i686 wasm32

SEED ?= 1
SAMPLE ?= 900
test-conformance: tools ## SAMPLE (900) of the official TOSA tests of SEED (1), of every operator
	$(BUILD_DEBUG)
	python3 scripts/conformance.py --fixpoint $(DEBUG_BIN) --sample $(SAMPLE) --seed $(SEED) \
		--graphs $(CURDIR)/target/debug/examples/tosa_graphs --graph-count 50

conformance: tools ## All official TOSA tests of SEED (1), some 17,000 in 3 to 5 GB, and 1,000 random graphs
	$(CARGO) build --release --locked -p fixpoint-cli -p fixpoint-fuzz-bodies --bin fixpoint --example tosa_graphs
	python3 scripts/conformance.py --fixpoint $(RELEASE_BIN) --seed $(SEED) \
		--graphs $(CURDIR)/target/release/examples/tosa_graphs --graph-count 1000

onnx-conformance: tools ## ONNX's own node tests of the operators that the compiler is for, at int16
	$(CARGO) build --locked -p fixpoint-compiler --example onnx_conformance
	python3 scripts/onnx_conformance.py --runner $(CURDIR)/target/debug/examples/onnx_conformance

accuracy: build ## What compiling costs the trained models in accuracy; into docs/accuracy.md
	python3 scripts/accuracy.py --fixpoint $(RELEASE_BIN)

FIXTURES ?=
ethereum-tests: tools ## Ethereum's own state and block tests in FIXTURES, through this node's EVM and block import
	@test -n "$(FIXTURES)" || { echo "name the folder of ethereum/tests or execution-spec-tests: FIXTURES=DIR"; exit 1; }
	@test -d "$(FIXTURES)" || { echo "$(FIXTURES) is not a folder"; exit 1; }
	$(CARGO) build --release --locked -p fixpoint-ethereum-tests
	$(CURDIR)/target/release/ethereum-tests $(FIXTURES)

THREADS ?= 1
bench: build ## Whole int8 networks beside onnxruntime and LiteRT (PyPI), on THREADS (1); kernels; the precompile
	python3 scripts/bench.py --fixpoint $(RELEASE_BIN) --threads $(THREADS)
	$(CARGO) bench --locked -p fixpoint-runtime
	$(RELEASE_BIN) compile test-vectors/models/digits/digits.onnx \
		--calibration test-vectors/models/digits/calibration.npz -o target/bench/digits.fxp >/dev/null
	$(CARGO) run --release --locked -p fixpoint-gas -- overhead target/bench/digits.fxp

CLASS_SECONDS ?= 20
gas: $(NPM) build ## The slowest models for their gas, CLASS_SECONDS (20) a class, and the EVM's own price; into docs/gas.md
	$(CARGO) build --release --locked -p fixpoint-gas
	python3 scripts/gas.py --gas $(CURDIR)/target/release/gas --fixpoint $(RELEASE_BIN) --seconds-per-class $(CLASS_SECONDS)

test-npm: $(NPM) build ## The npm package, tested on a devnet
	python3 scripts/npm_package.py --fixpoint $(RELEASE_BIN)

test-clients: $(NPM) build ## cast, forge, viem, ethers and Hardhat 3 on devnets, as on anvil
	python3 scripts/clients.py --fixpoint $(RELEASE_BIN)

test-explorer: $(NPM) build ## The explorer in a headless Chromium; screenshots into target/explorer
	python3 scripts/explorer.py --fixpoint $(RELEASE_BIN)

python: tools ## The Python package's wheel, into target/wheels
	python3 scripts/python_package.py

test-python: tools ## The Python package, tested on a devnet: a wheel of the debug build in a fresh environment
	$(BUILD_DEBUG)
	python3 scripts/python_package.py --debug --test --fixpoint $(DEBUG_BIN)

predeploys: $(NPM) ## After a contract change: its code into the node, its ABI for the Rust tests and the explorer, sizes, gas
	forge build
	node tools/predeploys.cjs
	node tools/selectors.cjs
	node tools/explorer_abi.cjs
	node tools/sizes.cjs
	forge test --match-contract ContractGasTest

examples: tools ## Write the libraries of the examples' models again
	$(BUILD_DEBUG)
	python3 scripts/example_libraries.py --fixpoint $(DEBUG_BIN)

vectors: tools ## Write test-vectors/*.json again
	$(CARGO) run --locked -p fixpoint-test-vectors --bin generate

fmt: $(NPM) ## Format Rust and Solidity
	$(CARGO) fmt --all
	rustfmt --edition 2024 $(wildcard precompile/runtime/src/ops/*.rs)
	forge fmt

FUZZ_SECONDS ?= 600
fuzz: tools ## Run each fuzz target for FUZZ_SECONDS (needs a nightly toolchain and cargo-fuzz)
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz --locked"; exit 1; }
	cd fuzz && for target in $$(cargo +nightly fuzz list); do \
		mkdir -p corpus/$$target seeds/$$target; \
		cargo +nightly fuzz run $$target corpus/$$target seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) || exit 1; done

clean: ## Remove everything that was built
	rm -rf target node_modules out cache broadcast .demo .conformance .venv-tosa .venv-bench .venv-onnx .venv-accuracy .venv-slither .venv-contracts \
		packages/npm/node_modules packages/npm/dist packages/npm/build \
		packages/clients/node_modules packages/clients/hardhat/{node_modules,artifacts,cache,ignition/deployments} \
		packages/clients/foundry/{out,cache,broadcast}
