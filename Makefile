# Kassa's commands. "make" alone explains them.
SHELL := /bin/bash
GO ?= go
BIN := .bin
export CGO_ENABLED ?= 0

.PHONY: help run build test short tools generate verify lint race e2e bench fuzz chaos powercut perf clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## Build and run the demo: everything at once, nothing to configure
	@exec $(BIN)/kassa demo

build: ## Build the one binary, .bin/kassa
	@mkdir -p $(BIN)
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/kassa ./cmd/kassa

tools: ## Install what the tests need (Debian: chromium, gcc, strace, nodejs, npm; and one npm package), if it is missing
	@.ci/tools

test: tools ## Install what the tests need, then run all of them
	$(GO) test -timeout 20m ./...

short: ## Run the tests that need no browser and no kill -9
	$(GO) test -short ./...

generate: ## Write again what is generated: templates, the state diagram in the README
	$(GO) tool templ generate -log-level error
	$(GO) test ./internal/checkout -run TestStateDiagram -update

verify: ## Fail if something generated is not current, or something is not formatted
	@.ci/verify

lint: ## Run go vet, staticcheck and golangci-lint with the project's reasons (.golangci.yml)
	@.ci/lint

race: tools ## Run the tests under the race detector
	CGO_ENABLED=1 $(GO) test -race -short -timeout 20m ./...

e2e: tools ## Run the browser tests only
	$(GO) test -timeout 15m -run 'Browser' ./cmd/kassa

bench: ## Run the benchmarks: create, page, pay, group commit
	$(GO) test -run '^$$' -bench . -benchmem ./internal/... ./cmd/...

fuzz: ## Run every fuzz target for FUZZTIME (default 30s)
	@.ci/fuzz $(or $(FUZZTIME),30s)

chaos: build ## kill -9 under load, ROUNDS times (default 200)
	KASSA_CHAOS_ROUNDS=$(or $(ROUNDS),200) $(GO) test -count=1 -timeout 60m -run 'TestKillUnderLoad' -v ./cmd/kassa

powercut: tools ## Cut the power under load, CUTS times (default 20000), and damage files, DAMAGES times (default 2000)
	KASSA_POWERCUT_CUTS=$(or $(CUTS),20000) KASSA_DAMAGE_CASES=$(or $(DAMAGES),2000) KASSA_DISK_ROUNDS=200 $(GO) test -count=1 -timeout 60m \
		-run 'TestPowerCut|TestDamage|TestDisk' -v ./internal/store/sqlite

perf: build ## Measure beside the anchors: PERF=<folder that the harness was set up in>
	@.perf/run $(PERF)

clean: ## Remove what was built and the demo's data
	rm -rf $(BIN) kassa-demo.db*
