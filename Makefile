# Steward's targets. Each does all its own set-up on a bare Debian or Ubuntu with
# Go 1.26, Node 20 and make; what else is missing scripts/setup installs, or names.

SHELL := /bin/bash
BIN := bin/steward
GO ?= go
export CGO_ENABLED := 1

.PHONY: run build console test test-go test-examples test-console check bench bench-calls kill-test fuzz clean generate

## run: build console and binary, and start Steward on 127.0.0.1:8080 with ./steward-data
run: build
	./$(BIN) up

## build: bin/steward with its console
build: console
	@scripts/setup compiler
	$(GO) build -trimpath -ldflags="-s -w" -o $(BIN) ./cmd/steward

# The console is built again only where its sources are newer than what was built.
console: console/dist/index.html

console/dist/index.html: $(shell find console/src console/index.html console/package.json console/package-lock.json console/vite.config.ts -type f 2>/dev/null)
	@scripts/setup node
	cd console && npm ci --no-audit --no-fund --loglevel=error && npm run build
	@touch $@

## test: all tests: Go (race), examples with the vendors' SDKs, console
test: check test-go test-examples test-console

test-go:
	@scripts/setup compiler
	$(GO) test -race -timeout 20m $$($(GO) list ./... | grep -v /examples)

test-examples:
	@scripts/setup compiler node
	cd examples/javascript && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(GO) test -timeout 10m ./examples/...

test-console: console
	cd console && npm run check
	@scripts/setup chromium
	cd console && npm run test:browser

## check: lint, formatting, generated files, layering
check:
	@scripts/setup compiler
	@test -z "$$(gofmt -l cmd internal client console examples bench | grep -v node_modules)" || { echo "gofmt these:"; gofmt -l cmd internal client console examples bench; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./internal/arch ./internal/reference

## generate: rewrite the generated reference
generate:
	$(GO) run ./internal/reference

## bench: the figures that the README quotes, side by side with a bare reverse proxy
bench: build
	$(GO) run ./bench -steward ./$(BIN)

## bench-calls: the calls store with 10 million calls (STEWARD_CALLS: another number)
bench-calls:
	@scripts/setup compiler
	STEWARD_CALLS=$${STEWARD_CALLS:-10000000} $(GO) test -count=1 -timeout 60m -run TestManyCalls -v ./internal/callstore/duckdb

## kill-test: end the server with SIGKILL at random moments under load, 100 times
kill-test:
	@scripts/setup compiler
	STEWARD_KILLS=100 $(GO) test -count=1 -timeout 30m -run TestKill ./internal/app -v

## fuzz: every fuzz target for a minute
fuzz:
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep ^Fuzz); do \
		echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s $$p || exit 1; done; done

clean:
	rm -rf bin console/dist/assets console/dist/index.html console/node_modules examples/javascript/node_modules
