# make             bin/froyo, with its guests and runners
# make demo        froyo on this machine: plan, apply, drift, repair; no root needed
# make test        vet and all tests that need no lab
# make lint        gofumpt and the linters, the layers among them
# make lab-test    tests on real hosts; needs root and testdata/lab/lab.sh install
# make bench       docs/performance.md measured anew on 20 lab hosts
# make crash       runs that are killed at every durable step and 200 random moments, on 5 lab hosts; takes half an hour
# make hostile     200 plans and applies against a user who changes names under froyo's hands; takes half an hour
# make hostilehost a fleet of 10 lab hosts, one of which answers endlessly, not at all, or with what was not requested
# make readonly    20 plans of every example, which must leave a host's disk as it was, on 5 lab hosts
# make fencing     50 runs that lose their host while units of another user are running, on 3 lab hosts
# make trees       60 kills over trees of processes, on 3 lab hosts; takes a quarter of an hour
# make docs        docs/reference.md and docs/events.md generated from schemas and code
# make screens     pictures of what an operator sees, recorded on 20 lab hosts: those of the README, and all in bin/screens
# make measure     how large packages, files, functions and types are
# make vuln        known vulnerabilities of the linked modules; needs the internet

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/openfroyo/froyo/runtime/cli.version=$(VERSION)
TOOL    := go tool -modfile=.ci/tools.mod
LAB     := testdata/lab/lab.sh
BENCHES := ./testdata/bench/... ./testdata/screens/...
MEASURE := ./testdata/measure/...

# Races are looked for everywhere but in what computes on its own, without a lock or an atomic value that others rely on:
# the compiler of guests, the database, which was translated from C, and hashes of passwords. There it takes ten times as long.
COMPUTES := $(addprefix github.com/tetratelabs/wazero/internal/,engine/wazevo/ssa engine/wazevo/backend/... wasm/binary) modernc.org/sqlite/lib \
	golang.org/x/crypto/blowfish github.com/openfroyo/froyo/builtins/jinja/pycrypt
RACE     := -race $(foreach p,$(COMPUTES),-gcflags='$p=-race=false')

# What the embedded binaries are made from. They are made again when one of these is newer.
EMBEDDED := $(shell find runner providers -name dist -prune -o \( -name '*.go' -o -name '*.cue' -o -name '*.yaml' -o -name 'platforms.txt' \) ! -name '*_test.go' -print) go.sum

.PHONY: all build generate demo test lint fmt lab-test crash fencing hostile hostilehost readonly trees bench docs screens measure vuln clean
all: build

build: generate
	go build -trimpath -ldflags "$(LDFLAGS)" -o bin/froyo .

# Signing is quick, and changes nothing where key and parts are the same: FROYO_SIGNING_KEY, or bin/signing.key, which is made.
generate: bin/.generated
	GOOS= GOARCH= go run ./runner/signed/froyo-sign .

bin/.generated: $(EMBEDDED)
	go generate ./runner/... ./providers/...
	@mkdir -p bin && touch $@

demo: build
	@sh examples/demo/demo.sh

# What compares, reads or shows texts without another goroutine, and the commands as a whole: these run without looking for
# races, which would take five to fifty times as long. Those that do look for races are named in sideBySide of script_test.go.
ALONE    := TestScripts|TestAttack|TestFromAnsible|TestTypesPage|TestPatternsFromAnsible|TestAsAnsible|TestExamplesParse|TestCanary|TestValuesThatWouldNotFit
ALONE_IN := . ./builtins/jinja ./engine/inventory/source ./providers/text ./runtime/cli ./runtime/script

# One package more at once than there are processors, since many tests wait. Without GORACE every program that looks for
# races would end a second late. What go test vets by itself is a part of what go vet does.
PACKAGES ?= $(shell expr 1 + $$(nproc 2>/dev/null || echo 2))
TEST     := go test -vet=off -shuffle=on -timeout 25m -p $(PACKAGES)

# RACED are the packages in which races are looked for: all of them. .ci/run takes a part of them each day, and the tests of the
# others, PLAIN, run without.
RACED ?= ./... $(MEASURE)
PLAIN ?=
test: generate
	go vet ./... $(MEASURE)
	GORACE=atexit_sleep_ms=20 $(TEST) $(RACE) -skip '^($(subst TestScripts|,,$(ALONE)))$$' $(RACED)
	$(if $(PLAIN),$(TEST) -skip '^($(ALONE))$$' $(PLAIN))
	$(TEST) -run '^($(ALONE))$$' $(ALONE_IN)

lint:
	$(TOOL) golangci-lint run ./... $(BENCHES) $(MEASURE)

fmt:
	$(TOOL) golangci-lint fmt

lab-test: build
	testdata/lab/test.sh

# The lab tests try some of these moments each time; here all are.
crash: build
	FROYO_CRASH_STEPS=all FROYO_CRASH_RANDOM=200 FROYO_CRASH_RUNNER=30 FROYO_CRASH_SSHD=20 FROYO_CRASH_CUT=2 \
		$(LAB) with 5 go test -v -count=1 -timeout 90m -run 'LabCrashMatrix|LabLostHosts' ./runtime/cli | grep -v '^    lab_test.go'

# A run that loses its host while its units of another user are running.
fencing: build
	FROYO_FENCING_RUNS=50 $(LAB) with 3 go test -v -count=1 -timeout 60m -run LabFencing ./runtime/cli

# A user of a host who races against plans and applies.
hostile: build
	FROYO_HOSTILE_RUNS=200 $(LAB) with 1 go test -v -count=1 -timeout 90m -run LabHostilePaths ./runtime/cli

# A host that harms those who look at it, and nine that must not notice.
hostilehost: build
	FROYO_HOSTILE_FLEET=10 FROYO_HOSTILE_FLEET_RUNS=3 FROYO_HOSTILE_FLEET_NAMES=1000000 \
		$(LAB) with 10 go test -v -count=1 -timeout 60m -run LabHostileHost ./runtime/cli

# Plans change nothing.
readonly: build
	FROYO_PLANS=20 $(LAB) with 5 go test -v -count=1 -timeout 60m -run LabPlanChangesNothing ./runtime/cli

# Runners, controllers and sessions that are killed over trees of processes.
trees: build
	FROYO_TREE_KILLS=60 $(LAB) with 3 go test -v -count=1 -timeout 60m -parallel 3 -run LabProcessTrees ./runtime/cli/treetest

bench: build
	$(LAB) with 20 go run ./testdata/bench --write docs/performance.md

docs: build
	bin/froyo docs >docs/reference.md
	bin/froyo docs events >docs/events.md
	bin/froyo docs templates >docs/templates.md
	FROYO_UPDATE=1 go test -run 'TestTypesPage|TestAttackTable' .
	FROYO_UPDATE=1 go test -run TestDocument ./engine/lockout

screens: build
	$(LAB) with 20 go run ./testdata/screens --out docs --all bin/screens

measure:
	@go run ./testdata/measure

vuln:
	$(TOOL) govulncheck ./...

clean:
	rm -rf bin
	find providers/dist runner/dist -type f ! -name .gitkeep -delete
