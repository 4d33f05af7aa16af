# Long runs that are no part of ./check. `make help` lists them.

GO      ?= go
N       ?= 200
SEED    ?= 1
KERNELS ?= 6.1 6.12
ONLY    ?= */*
KIND    ?=

.PHONY: help bench conform conform-sim verdicts docs pictures release

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

bench: ## ours beside kmod's programs on the full trees of the lab's kernels, and the built-in check; best of several runs
	$(GO) test ./cmd/kmodsh -run '^$$' -bench BesideKmod -benchtime 1x -timeout 1h
	$(GO) test ./internal/kmod -run '^$$' -bench 'Builtin$$' -benchtime 20000x

conform: bin/kmodsh ## model against real kernels: N=200 schedules of each scenario, SEED=1, KERNELS="6.1 6.12", ONLY='vector/*'
	@bad=0; for k in $(KERNELS); do \
	  bin/kmodsh conform '$(ONLY)' --sim "v$$k" --vm "$(KIND)$$k" -n $(N) --seed $(SEED); \
	  case $$? in 0) ;; 1) bad=1 ;; *) exit 125 ;; esac; \
	done; exit $$bad

conform-sim: ## the same without machines: each simulated kernel against itself
	@$(MAKE) --no-print-directory conform KIND=sim:v

docs: bin/kmodsh ## the generated pages in docs/, and manual pages and shell completion in bin/
	$(GO) test ./internal/ops ./internal/trace -run Page -update
	$(GO) test ./cmd/kmodsh -run TestGuide -update
	bin/kmodsh man -o bin/man
	@mkdir -p bin/completion
	bin/kmodsh completion bash > bin/completion/kmodsh.bash
	bin/kmodsh completion zsh > bin/completion/_kmodsh
	bin/kmodsh completion fish > bin/completion/kmodsh.fish

pictures: ## the README's pictures, as the program draws its screen now
	$(GO) test ./internal/tui -run TestPictures -update

release: ## programs for Linux and macOS, Debian packages and checksums, in dist/; the same commit gives the same bytes
	$(GO) run ./cmd/release -o dist

verdicts: bin/kmodsh ## docs/verdicts.md anew, real kernels included: KERNELS="6.1 6.12"
	bin/kmodsh run --table docs/verdicts.md --on sim $(foreach k,$(KERNELS),--on vm:$(k)) '*/*'

bin/kmodsh: FORCE
	@mkdir -p bin && CGO_ENABLED=0 $(GO) build -o bin/kmodsh ./cmd/kmodsh

FORCE:
