# What you need: Go, and a package manager for what is missing besides.
#
#   make run       build, start, load the demo consortium, serve on 127.0.0.1:8080
#   make test      all tests
#   make long      what takes too long for make test: kills and storms, every way the
#                  search found walked on a database, the demo over thirteen months, a
#                  real catalogue searched
#   make browse    the pages walked in a real browser; AFIELD_SHOTS=folder keeps pictures
#   make check     lint, formatting, dead code, generated files
#   make generate  write generated files again
#   make clean     remove what was built (never a database)

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT  := mvdan.cc/gofumpt@v0.12.0
DEADCODE := golang.org/x/tools/cmd/deadcode@v0.52.0

# TESTFLAGS goes to go test: make test TESTFLAGS=-race
TESTFLAGS ?=

LINTFLAGS ?=

# VERSION is written into the program: the last tag, or the commit.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

.PHONY: run build test long browse check lint format generate clean

run: build
	@exec ./bin/afield demo

build:
	@.ci/setup
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X afield/cmd/afield/shell.stamped=$(VERSION)" -o bin/afield ./cmd/afield

test:
	@.ci/setup $(if $(findstring -race,$(TESTFLAGS) $(GOFLAGS)),race)
	go test -vet=off -ldflags=-w $(TESTFLAGS) ./...

long:
	@.ci/setup
	AFIELD_LONG=1 AFIELD_LOANS=200 go test -count=1 -v -timeout 40m -run 'Killed|Stopped|OneOfTwo|LeftToTheSweep' ./cmd/afield
	AFIELD_LONG=1 go test -count=1 -v -run AnotherDay ./cmd/afield/demo
	AFIELD_WAYS=all go test -count=1 -v -timeout 40m ./workflow/proof
	@.ci/setup zebra || echo "Zebra cannot be installed here; its test is skipped" >&2
	go test -count=1 -v -run Zebra ./connectors/sru

browse:
	@.ci/setup
	@.ci/setup browser || echo "no browser can be installed here; its tests are skipped" >&2
	AFIELD_AXE="$$(.ci/axe/fetch)" go test -vet=off -ldflags=-w $(TESTFLAGS) -tags browser -run Browser -v ./api/rest

check: lint
	.ci/fresh

# The linter reads compiled packages. With LINTFLAGS=-race they are those that the tests
# with the race detector need, and are compiled once for both.
lint:
	@GOBIN=$(CURDIR)/bin go install $(GOLANGCI)
	GOFLAGS="$(GOFLAGS) $(LINTFLAGS)" bin/golangci-lint run
	@unformatted=$$(go run $(GOFUMPT) -l cmd api workflow broker connectors migrations) && \
		if [ -n "$$unformatted" ]; then echo "run make format; gofumpt would change:"; echo "$$unformatted"; exit 1; fi
	@dead=$$(go run $(DEADCODE) -test ./...) || exit 1; \
		if [ -n "$$dead" ]; then echo "nothing calls:"; echo "$$dead"; exit 1; fi

format:
	go run $(GOFUMPT) -w cmd api workflow broker connectors migrations

generate:
	go generate ./...

clean:
	rm -rf bin
	go clean -testcache
