# Promogate. `make help` lists the targets.
#
#   VARIANT=release|asan|tsan   what to build, in build/VARIANT[-clang]/      (default: release)
#   CC=gcc|clang                with which compiler                    (default: cc)
#   V=1                         show the commands

VARIANT ?= release
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

PREFIX ?= /usr/local
DESTDIR ?=

B := build/$(VARIANT)$(if $(filter-out fuzz,$(VARIANT)),$(if $(findstring clang,$(CC)),-clang))
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# --- flags: what the compiler does not know is left out, not assumed --------------------------------
comma := ,
probe = $(shell printf 'int main(void){return 0;}' | \
	$(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
	-Wpointer-arith -Wcast-align -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wconversion \
	-Wno-sign-conversion
HARDENING_release = -O2 $(call probe,-D_FORTIFY_SOURCE=3) \
	$(call probe,-fstack-protector-strong) $(call probe,-fstack-clash-protection) \
	$(call probe,-fcf-protection=full) $(call probe,-ftrivial-auto-var-init=zero)
HARDENING_asan = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING_tsan = -O1 -fsanitize=thread -fno-omit-frame-pointer
HARDENING_fuzz = -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LINK_release = $(call probe,-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now) \
	$(call probe,-Wl$(comma)-z$(comma)noexecstack) -Wl,--as-needed
LINK_asan := -fsanitize=address,undefined
LINK_tsan := -fsanitize=thread
LINK_fuzz := -fsanitize=fuzzer,address,undefined

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# := after the probes, so that each runs once
HARDENING := $(HARDENING_$(VARIANT))
LINK := $(LINK_$(VARIANT))
CFLAGS ?= -g
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(HARDENING) $(WARNINGS) -fPIE -pthread -fvisibility=hidden \
	-ffunction-sections -fdata-sections -D_GNU_SOURCE -Isrc -Itests/unit -include src/base/banned.h
ALL_LDFLAGS := $(LDFLAGS) $(LINK) -pie -pthread -Wl,--gc-sections

# --- what is built ----------------------------------------------------------------------------------
# Pure folders decide and touch nothing; the others act (docs/architecture.md).
PURE_DIRS := base json kube keptn admission job promotion
IMPURE_DIRS := run yaml client server controller
# What one program acts with; each is a library of its own, so that neither can call the other's.
PROGRAM_DIRS := webhook reconciler

PURE_SRC := $(sort $(wildcard $(PURE_DIRS:%=src/%/*.c)))
IMPURE_SRC := $(sort $(wildcard $(IMPURE_DIRS:%=src/%/*.c)))
PROGRAM_SRC := $(sort $(wildcard $(PROGRAM_DIRS:%=src/%/*.c)))
CMD_SRC := $(sort $(wildcard src/cmd/*.c))
# The daemons' flags are pure, so that the command prints them too.
FLAGS_SRC := $(sort $(wildcard src/cmd/*flags*.c))
HEADERS := $(sort $(wildcard src/*/*.h))

PURE_LIB := $(B)/libpure.a
FLAGS_LIB := $(B)/libflags.a
IMPURE_LIB := $(B)/libimpure.a
PROGRAM_LIBS := $(PROGRAM_DIRS:%=$(B)/lib%.a)
PURE_LIBS := -lcjson -lm
# libcurl in its GnuTLS build: libmicrohttpd loads GnuTLS anyway (docs/performance.md).
IMPURE_LIBS := -lmicrohttpd -lgnutls -l:libcurl-gnutls.so.4 -lyaml

# The promogate command is linked with the pure library alone: deciding needs no cluster.
COMMAND := $(B)/promogate
DAEMONS := $(PROGRAM_DIRS:%=$(B)/promogate-%)
PROGRAMS := $(COMMAND) $(DAEMONS)

PURE_TESTS := $(sort $(wildcard $(PURE_DIRS:%=tests/unit/%/*_test.c) tests/unit/cmd/*_test.c))
IMPURE_TESTS := $(sort $(wildcard $(IMPURE_DIRS:%=tests/unit/%/*_test.c)))
PROGRAM_TESTS := $(sort $(wildcard $(PROGRAM_DIRS:%=tests/unit/%/*_test.c)))
PURE_TEST_BIN := $(PURE_TESTS:tests/%.c=$(B)/tests/%)
IMPURE_TEST_BIN := $(IMPURE_TESTS:tests/%.c=$(B)/tests/%)
PROGRAM_TEST_BIN := $(PROGRAM_TESTS:tests/%.c=$(B)/tests/%)
UNIT_TESTS := $(PURE_TEST_BIN) $(IMPURE_TEST_BIN) $(PROGRAM_TEST_BIN)

all: $(PROGRAMS) ## build the programs

obj = $(1:%.c=$(B)/%.o)

$(B)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(PURE_LIB): $(call obj,$(PURE_SRC))
$(FLAGS_LIB): $(call obj,$(FLAGS_SRC))
$(IMPURE_LIB): $(call obj,$(IMPURE_SRC))
$(foreach d,$(PROGRAM_DIRS),$(eval $(B)/lib$d.a: $(call obj,$(filter src/$d/%,$(PROGRAM_SRC)))))
$(PURE_LIB) $(FLAGS_LIB) $(IMPURE_LIB) $(PROGRAM_LIBS):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Rewritten only when it changes, so that only then version.c is compiled again.
$(B)/version: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(B)/src/base/version.o: ALL_CFLAGS += -DPROMOGATE_VERSION='"$(VERSION)"'
$(B)/src/base/version.o: $(B)/version

$(COMMAND): $(B)/src/cmd/promogate.o $(FLAGS_LIB) $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(PURE_LIBS) -o $@

$(DAEMONS): $(B)/promogate-%: $(B)/src/cmd/%.o $(B)/src/cmd/common.o $(B)/lib%.a $(FLAGS_LIB) $(IMPURE_LIB) \
		$(PURE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(IMPURE_LIBS) $(PURE_LIBS) -o $@

# A test of a pure module is linked with nothing that can act: it would not link if it did.
$(PURE_TEST_BIN): $(B)/tests/%: $(B)/tests/%.o $(FLAGS_LIB) $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(PURE_LIBS) -lcmocka -o $@

$(IMPURE_TEST_BIN): $(B)/tests/%: $(B)/tests/%.o $(IMPURE_LIB) $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(IMPURE_LIBS) $(PURE_LIBS) -lcmocka -o $@

$(foreach d,$(PROGRAM_DIRS),$(eval $(filter $(B)/tests/unit/$d/%,$(PROGRAM_TEST_BIN)): $(B)/lib$d.a))
$(PROGRAM_TEST_BIN): $(B)/tests/%: $(B)/tests/%.o $(IMPURE_LIB) $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $< $(filter-out $(IMPURE_LIB) $(PURE_LIB),$(filter %.a,$^)) \
		$(IMPURE_LIB) $(PURE_LIB) $(IMPURE_LIBS) $(PURE_LIBS) -lcmocka -o $@

# The server alone, for tests/hostile/, the client alone, for tests/e2e/; and for measuring.
HELPERS := $(B)/tests/hostile/testserver $(B)/tests/e2e/apiclient
$(HELPERS): %: %.o $(IMPURE_LIB) $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(IMPURE_LIBS) $(PURE_LIBS) -o $@

test-build: $(UNIT_TESTS) $(HELPERS)
unit: $(UNIT_TESTS) ## build and run the unit tests of one VARIANT
	$(Q)tests/run --unit $(B)

# --- fuzzing: clang's libFuzzer on the pure half; it chooses VARIANT and CC by itself ----------------
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_IMPURE := $(B)/tests/fuzz/yaml_fuzz

fuzz: ## fuzz each target for FUZZ_SECONDS (600)
	$(Q)$(MAKE) VARIANT=fuzz CC=clang fuzz-targets
	$(Q)tests/fuzz/run $(FUZZ_SECONDS)
fuzz-short: ## fuzz each target for 15 s
	$(Q)$(MAKE) fuzz FUZZ_SECONDS=15
fuzz-targets: $(FUZZ_TARGETS)
$(filter-out $(FUZZ_IMPURE),$(FUZZ_TARGETS)): $(B)/tests/%: $(B)/tests/%.o $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(PURE_LIBS) -o $@
$(FUZZ_IMPURE): $(B)/tests/%: $(B)/tests/%.o $(IMPURE_LIB) $(PURE_LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(IMPURE_LIBS) $(PURE_LIBS) -o $@

# --- the model: plan() explored inside a small API server (tests/model/) ----------------------------
MODEL_SRC := $(sort $(wildcard tests/model/*.c))
PLAN_SRC := $(sort $(wildcard src/promotion/plan*.c))
MODEL := $(B)/tests/model/model
# plan() once more, with rules that can be left out: to show that the model would notice.
MODEL_PLANTED := $(B)/tests/model/planted
$(B)/omittable/%.o: %.c
	$(call say,CC,$< (omittable))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -DPLAN_OMITTABLE -MMD -MP -c $< -o $@
$(MODEL): $(call obj,$(MODEL_SRC)) $(PURE_LIB)
$(MODEL_PLANTED): $(patsubst %.c,$(B)/omittable/%.o,$(MODEL_SRC) $(PLAN_SRC)) $(PURE_LIB)
$(MODEL) $(MODEL_PLANTED):
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(PURE_LIBS) -o $@

# In the tests the same walks each time; a long run takes others.
MODEL_SEED ?= $(shell date +%s)
model-short: $(MODEL) $(MODEL_PLANTED) ## explore plan() within small bounds, and without each rule
	$(Q)$(MODEL) short
	$(Q)$(MODEL_PLANTED) planted
	$(Q)$(MODEL_PLANTED) replay tests/scenarios/plan/planted/*.txt
	$(Q)$(MODEL) walk 5 1
model: $(MODEL) ## explore plan() within all bounds that close: takes hours
	$(Q)$(MODEL) full
	$(Q)$(MODEL) walk 600 $(MODEL_SEED)

# The pinned ones; what they say must not depend on the distribution.
STYLE = $(shell hack/tools/style)

# --- checks -----------------------------------------------------------------------------------------
layers: $(PURE_LIB) $(FLAGS_LIB) ## a lower layer includes no higher one; a library stays in its folder
	$(Q)hack/check-layers $(PURE_LIB) $(FLAGS_LIB)

hdr-check: $(HEADERS:%=$(B)/%.ok) ## each header compiles alone
$(B)/%.h.ok: %.h
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-unused-function -fsyntax-only -x c $<
	$(Q)touch $@

C_FILES = $(sort $(wildcard src/*/*.c src/*/*.h tests/unit/*/*.c tests/unit/*/*.h tests/unit/*.h tests/fuzz/*.c \
	tests/model/*.[ch]))
fmt: ## format the C files
	$(Q)$(STYLE)/clang-format -i $(C_FILES)
fmt-check:
	$(call say,FORMAT,)
	$(Q)$(STYLE)/clang-format --dry-run --Werror $(C_FILES)

TIDY = $(addprefix tidy/,$(PURE_SRC) $(IMPURE_SRC) $(PROGRAM_SRC) $(CMD_SRC))
tidy: $(TIDY) ## clang-tidy over the sources
$(TIDY): tidy/%:
	$(call say,TIDY,$*)
	$(Q)$(STYLE)/clang-tidy --quiet $* -- -std=gnu11 -D_GNU_SOURCE -Isrc -Itests/unit -include src/base/banned.h 2>/dev/null

SCRIPTS = $(shell grep -rlE '^\#!.*(bash|bats)' hack certs tests .ci 2>/dev/null)
shellcheck: ## the scripts
	$(call say,SHELL,)
	$(Q)$(STYLE)/shellcheck -x $(SCRIPTS)

# --- what people call -------------------------------------------------------------------------------
check: all layers hdr-check fmt-check shellcheck unit ## the fast half of the tests
test: ## install what is missing, and run all tests
	$(Q)hack/deps
	$(Q)tests/run
demo: ## install what is missing, and show the main job on a real control plane
	$(Q)hack/deps
	$(Q)hack/demo
bench: ## compare with a Go webhook that does the same work
	$(Q)hack/deps
	$(Q)$(MAKE) all
	$(Q)tests/bench/run

docs: $(COMMAND) ## write the pages that are made from tables
	$(Q)mkdir -p docs
	$(Q)$(COMMAND) rules >docs/rules.md
	$(Q)$(COMMAND) flags >docs/reference.md

install: all ## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin

clean: ## remove what was built
	rm -rf build

help: ## this list
	$(Q)awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all unit model model-short test-build fuzz fuzz-short fuzz-targets shellcheck check test demo bench layers hdr-check fmt fmt-check tidy \
	$(TIDY) docs install clean help FORCE

-include $(patsubst %.c,$(B)/%.d,$(PURE_SRC) $(IMPURE_SRC) $(PROGRAM_SRC) $(CMD_SRC) $(PURE_TESTS) $(IMPURE_TESTS) $(PROGRAM_TESTS) \
	$(wildcard tests/fuzz/*.c) $(MODEL_SRC)) $(patsubst %.c,$(B)/omittable/%.d,$(MODEL_SRC) $(PLAN_SRC))
