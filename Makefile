SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: build demo test lint bench bench-reconcile bench-api soak fuzz

# The race detector is the only thing here that needs a C compiler.
RACE := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
SERVERS := bin/withservers --

# These start thousands of small processes and runs, of which the detector would
# make a quarter of an hour. It watches the tests below in which lanes, pauses
# and other sessions meet, and all other packages as a whole.
LONG := landfall/internal/cli landfall/internal/dataload landfall/internal/lifetest landfall/internal/lawtest
MEETINGS := Lane|Pause|Throttl|Lease|Limit|Connections|Meanwhile|Concurrent|Parallel|Law|Demo

build: ## bin/landfall, one static binary
	CGO_ENABLED=0 go build -trimpath -o bin/landfall ./cmd/landfall

demo: build ## a small messy legacy system, migrated before your eyes
	bin/landfall demo

test: ## everything a change must pass; installs a PostgreSQL for it when root
	.ci/install-postgresql
	$(MAKE) --no-print-directory lint
	go build -o bin/withservers ./internal/servertest/withservers
	@[ -n "$(RACE)" ] || echo "no gcc: the tests run without the race detector"
	$(SERVERS) go test -timeout 40m $(LONG)
	$(SERVERS) go test $(RACE) -timeout 40m -run '$(MEETINGS)' landfall/internal/lawtest
	$(SERVERS) go test $(RACE) -timeout 40m $$(go list ./... | grep -vxF $(LONG:%=-e %))

lint: ## go vet, gofumpt, staticcheck
	go vet ./...
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs go tool gofumpt -l); \
		[ -z "$$unformatted" ] || { echo "not formatted by gofumpt:"; echo "$$unformatted"; exit 1; }
	go tool staticcheck ./...

bench: build ## speed against a bare \copy; BENCH="-rows 1000000 -rounds 3"
	go run ./internal/bench $(BENCH)

bench-reconcile: build ## speed of reconcile against a bare \copy of the same rows; BENCH="-rounds 3"
	go run ./internal/bench -reconcile -rows 3000000 $(BENCH)

bench-api: build ## speed and memory of loading through the calls of an API, beside a bare client; BENCH="-rows 1000000 -live": all records are there already
	go run ./internal/bench -api -rows 100000 -rounds 1 $(BENCH)

soak: ## long runs with crashes at random instants, and a million records landed in every way
	go build -o bin/withservers ./internal/servertest/withservers
	LANDFALL_SOAK=1 $(SERVERS) go test -run Soak -count 1 -timeout 2h ./...

FUZZTIME ?= 30s
fuzz: ## every fuzz test for FUZZTIME; making an input smaller gets a second, not the minute that go takes for it
	@grep -rEl '^func Fuzz' --include '*_test.go' internal | while read -r file; do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$$file"); do \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "./$$(dirname "$$file")"; \
		done; \
	done
