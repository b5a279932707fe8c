# make             bin/froyo, with its guests and runners
# make demo        froyo on this machine: plan, apply, drift, repair; no root needed
# make test        vet and all tests that need no lab
# make lint        gofumpt and the linters, the layers among them
# make lab-test    tests on real hosts; needs root and testdata/lab/lab.sh install
# make bench       docs/performance.md measured anew on 20 lab hosts
# make crash       runs broken off at every durable step and 200 random moments, on 5 lab hosts; takes half an hour
# make docs        the runbook reference made anew from the schemas
# make screens     the pictures of the README recorded anew on 5 lab hosts
# make vuln        known vulnerabilities of what is linked; needs the internet

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/openfroyo/froyo/runtime/cli.version=$(VERSION)
TOOL    := go tool -modfile=.ci/tools.mod
LAB     := testdata/lab/lab.sh
BENCHES := ./testdata/bench/... ./testdata/screens/...

# What the embedded binaries are made from. They are made again when one of these is newer.
EMBEDDED := $(shell find runner providers -name dist -prune -o \( -name '*.go' -o -name '*.cue' -o -name '*.yaml' \) ! -name '*_test.go' -print) go.sum

.PHONY: all build generate demo test lint fmt lab-test crash bench docs screens vuln clean
all: build

build: generate
	go build -trimpath -ldflags "$(LDFLAGS)" -o bin/froyo .

generate: bin/.generated
bin/.generated: $(EMBEDDED)
	go generate ./runner/... ./providers/...
	@mkdir -p bin && touch $@

demo: build
	@sh examples/demo/demo.sh

test: generate
	go vet ./...
	go test -race -shuffle=on -timeout 25m ./...

lint:
	$(TOOL) golangci-lint run ./... $(BENCHES)

fmt:
	$(TOOL) golangci-lint fmt

# One package at a time: all share the hosts, and some take one off the network.
lab-test: build
	$(LAB) with 20 go test -p 1 -count=1 -timeout 25m -run Lab ./...

# The lab tests try some of these moments each time; here all are.
crash: build
	FROYO_CRASH_STEPS=all FROYO_CRASH_RANDOM=200 FROYO_CRASH_RUNNER=30 FROYO_CRASH_SSHD=20 FROYO_CRASH_CUT=2 \
		$(LAB) with 5 go test -v -count=1 -timeout 90m -run 'LabCrashMatrix|LabLostHosts' ./runtime/cli | grep -v '^    lab_test.go'

bench: build
	$(LAB) with 20 go run ./testdata/bench --write docs/performance.md

docs: build
	bin/froyo docs >docs/reference.md

screens: build
	$(LAB) with 5 go run ./testdata/screens --out docs

vuln:
	$(TOOL) govulncheck ./...

clean:
	rm -rf bin
	find providers/dist runner/dist -type f ! -name .gitkeep -delete
