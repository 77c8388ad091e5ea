# Promogate. `make help` lists the targets.
#
#   VARIANT=release|asan|tsan      what to build, in build/VARIANT[-clang]/    (default: release)
#   CC=gcc|clang                   with which compiler                         (default: cc)
#   WERROR=                        do not fail on warnings                     (default: -Werror)
#   CPPFLAGS, CFLAGS, LDFLAGS      are added to the project's own flags
#   V=1                            show the commands

VARIANT ?= release
WERROR ?= -Werror
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')
B := build/$(VARIANT)$(if $(filter-out fuzz,$(VARIANT)),$(if $(findstring clang,$(CC)),-clang))
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# --- flags: what the compiler does not know is left out, not assumed --------------------------------
comma := ,
probe = $(shell printf 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null $(2) 2>/dev/null && \
	echo '$(1) $(2)')
pkg = $(or $(shell $(PKG_CONFIG) $(1) 2>/dev/null),$(2))
sanitize = -O1 -fsanitize=$(1) -fno-omit-frame-pointer

WARNINGS := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith \
	-Wcast-align -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wconversion -Wno-sign-conversion
# Left out if the packager sets a level, which would otherwise be a redefinition.
FORTIFY = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,$(call probe,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3))
VARIANT_release = -O2 $(FORTIFY) $(foreach f,-fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero,$(call probe,$f))
VARIANT_asan = $(call sanitize,address$(comma)undefined) -fno-sanitize-recover=all
VARIANT_tsan = $(call sanitize,thread)
VARIANT_fuzz = $(call sanitize,fuzzer-no-link$(comma)address$(comma)undefined) -fno-sanitize-recover=all
LINK = $(subst -no-link,,$(filter -fsanitize=%,$(VARIANT_$(VARIANT))))
LINK_release = -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed

ALL_CFLAGS := -std=gnu11 -g $(VARIANT_$(VARIANT)) $(WARNINGS) -fPIE -pthread -fvisibility=hidden -ffunction-sections \
	-fdata-sections $(call probe,-ffile-prefix-map=$(CURDIR)=.) -D_GNU_SOURCE -Isrc -Itests/unit -include src/base/banned.h \
	$(call pkg,--cflags libcjson libmicrohttpd gnutls yaml-0.1 libseccomp libcrypto cmocka) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS := $(or $(LINK_$(VARIANT)),$(LINK)) -pie -pthread -Wl,--gc-sections $(LDFLAGS)
PURE_LIBS := $(call pkg,--libs libcjson,-lcjson) -lm
# libcurl in its GnuTLS build, where there is one: libmicrohttpd loads GnuTLS anyway (docs/performance.md). It has
# no .pc file.
IMPURE_LIBS := $(call pkg,--libs libmicrohttpd gnutls yaml-0.1 libseccomp,-lmicrohttpd -lgnutls -lyaml -lseccomp) \
	$(or $(call probe,,-l:libcurl-gnutls.so.4),$(call pkg,--libs libcurl,-lcurl))
PKI_LIBS := $(call pkg,--libs libcrypto,-lcrypto)
TEST_LIBS := $(call pkg,--libs cmocka,-lcmocka)

# --- what is built ----------------------------------------------------------------------------------
# Pure folders decide and touch nothing; the others act (docs/architecture.md).
PURE := base json kube keptn policy admission job promotion
IMPURE := run sandbox yaml client server controller
# The folder of each program is a separate library, so that neither can call the other's functions.
PROGRAM := webhook reconciler

SRC := $(sort $(wildcard src/*/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
MODEL_SRC := $(sort $(wildcard tests/model/*.c))
bin = $(patsubst %.c,$(B)/%,$(1))
obj = $(patsubst %.c,$(B)/%.o,$(1))
in = $(filter $(1:%=src/%/%) $(1:%=tests/unit/%/%),$(2))

PURE_LIB := $(B)/libpure.a
# The webhook's certificates, by OpenSSL: of the reconciler alone.
PKI_LIB := $(B)/libpki.a
# The daemons' flags are pure, so that the command prints them too.
FLAGS_LIB := $(B)/libflags.a
IMPURE_LIB := $(B)/libimpure.a
PROGRAM_LIBS := $(PROGRAM:%=$(B)/lib%.a)
COMMAND := $(B)/promogate
DAEMONS := $(PROGRAM:%=$(B)/promogate-%)
UNIT_TESTS := $(call bin,$(UNIT_SRC))
FUZZ_TARGETS := $(call bin,$(FUZZ_SRC))
MODEL := $(B)/tests/model/model
# plan() again, with rules that can be left out, to show that the model notices.
PLANTED := $(B)/tests/model/planted
# The server alone, for tests/hostile/, the client alone, for tests/e2e/; and for measuring.
HELPERS := $(B)/tests/hostile/testserver $(B)/tests/e2e/apiclient

# Two kinds of links: with the pure library only, where code that acts would not link, and with everything. The
# command is of the first kind: deciding needs no cluster.
PURE_BIN := $(COMMAND) $(call bin,$(call in,$(PURE) cmd,$(UNIT_SRC))) $(filter-out %/yaml_fuzz,$(FUZZ_TARGETS)) $(MODEL) \
	$(PLANTED) $(call bin,$(call in,pki,$(UNIT_SRC)))
IMPURE_BIN := $(DAEMONS) $(call bin,$(call in,$(IMPURE) $(PROGRAM),$(UNIT_SRC))) \
	$(filter %/yaml_fuzz,$(FUZZ_TARGETS)) $(HELPERS)
# These are linked with libcrypto too.
PKI_BIN := $(B)/promogate-reconciler $(call bin,$(call in,pki reconciler,$(UNIT_SRC))) $(filter %/material_fuzz,$(FUZZ_TARGETS))

all: $(COMMAND) $(DAEMONS) ## build the programs
test-build: $(UNIT_TESTS) $(HELPERS)

define compile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
endef
$(B)/%.o: %.c
	$(compile)
$(B)/omittable/%.o: ALL_CFLAGS += -DPLAN_OMITTABLE
$(B)/omittable/%.o: %.c
	$(compile)

$(PURE_LIB): $(call obj,$(call in,$(PURE),$(SRC)))
$(FLAGS_LIB): $(call obj,$(sort $(wildcard src/cmd/*flags*.c)))
$(PKI_LIB): $(call obj,$(call in,pki,$(SRC)))
$(IMPURE_LIB): $(call obj,$(call in,$(IMPURE),$(SRC)))
$(foreach d,$(PROGRAM),$(eval $(B)/lib$d.a: $(call obj,$(call in,$d,$(SRC)))))
$(PURE_LIB) $(FLAGS_LIB) $(PKI_LIB) $(IMPURE_LIB) $(PROGRAM_LIBS):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Rewritten only when it changes, so that only then version.c is compiled again.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
$(B)/version: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(B)/src/base/version.o: ALL_CFLAGS += -DPROMOGATE_VERSION='"$(VERSION)"'
$(B)/src/base/version.o: $(B)/version
$(COMMAND): $(B)/src/cmd/promogate.o
$(DAEMONS): $(B)/promogate-%: $(B)/src/cmd/%.o $(B)/src/cmd/common.o $(B)/lib%.a
$(UNIT_TESTS) $(FUZZ_TARGETS) $(HELPERS): %: %.o
$(foreach d,$(PROGRAM),$(eval $(call bin,$(call in,$d,$(UNIT_SRC))): $(B)/lib$d.a))
# Who may create Jobs, and when, decides without acting.
MODEL_RECONCILER := src/reconciler/job_limit.c src/reconciler/preparation.c
$(MODEL) $(PLANTED): $(call obj,$(MODEL_RECONCILER))
$(MODEL): $(call obj,$(MODEL_SRC))
$(PLANTED): $(patsubst %.c,$(B)/omittable/%.o,$(MODEL_SRC) $(filter src/promotion/plan% src/promotion/view.c,$(SRC)))
$(PKI_BIN): $(PKI_LIB)
$(IMPURE_BIN): $(IMPURE_LIB)
$(PURE_BIN) $(IMPURE_BIN): $(FLAGS_LIB) $(PURE_LIB)

LIBS :=
$(IMPURE_BIN): LIBS := $(IMPURE_LIBS)
$(PKI_BIN): LIBS += $(PKI_LIBS)
$(UNIT_TESTS): LIBS += $(TEST_LIBS)
$(PURE_BIN) $(IMPURE_BIN):
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) $(PURE_LIBS) -o $@

# --- tests and checks -------------------------------------------------------------------------------
unit: $(if $(T),$(B)/tests/unit/$(T)_test,$(UNIT_TESTS)) ## build and run the unit tests of one VARIANT; T=kube/lease: one
	$(Q)tests/run --unit $(B) $(T)

# clang's libFuzzer on the pure half; it chooses VARIANT and CC itself.
fuzz: FUZZ_SECONDS ?= 600
fuzz: ## fuzz each target for FUZZ_SECONDS (600)
fuzz-short: FUZZ_SECONDS ?= 15
fuzz-short: ## fuzz each target for 15 s
fuzz fuzz-short:
	$(Q)$(MAKE) VARIANT=fuzz CC=clang fuzz-targets
	$(Q)tests/fuzz/run $(FUZZ_SECONDS)
fuzz-targets: $(FUZZ_TARGETS)

# plan() explored inside a small API server (tests/model/): the tests repeat the same walks, other runs take new ones.
MODEL_SEED ?= $(shell date +%s)
model-short: $(MODEL) $(PLANTED) ## explore plan() within small bounds, and without each rule
	$(Q)$(MODEL) short
	$(Q)$(PLANTED) planted
	$(Q)$(PLANTED) replay tests/scenarios/plan/planted/*.txt
	$(Q)$(MODEL) walk 5 1
model: $(MODEL) ## explore plan() within all bounds that close: takes hours
	$(Q)$(MODEL) full
	$(Q)$(MODEL) walk 600 $(MODEL_SEED)

# Both programs, sanitized, on a control plane of their own (tests/chaos/).
chaos: ## what holds under faults, for SECONDS (300), by SEED (a new one)
	$(Q)python3 -B tests/chaos/invariants_test.py
	$(Q)$(MAKE) VARIANT=asan CC=clang all
	$(Q)python3 -B tests/chaos/chaos.py $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

layers: $(PURE_LIB) $(FLAGS_LIB) $(PKI_LIB) ## check that a folder includes only folders below it, and the purity line
	$(Q)hack/check-layers $^
hdr-check: $(patsubst %,$(B)/%.ok,$(sort $(wildcard src/*/*.h))) ## each header compiles alone
$(B)/%.h.ok: %.h
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-unused-function -MMD -MP -MF $@.d -MT $@ -fsyntax-only -x c $<
	$(Q)touch $@

# The pinned tools: their results must not depend on the distribution.
STYLE = $(shell hack/tools/style)
C_FILES = $(sort $(wildcard src/*/*.[ch] tests/unit/*/*.[ch] tests/unit/*.h tests/fuzz/*.c tests/model/*.[ch] \
	tests/hostile/*.c tests/e2e/*.c))
fmt: ## format the C files
	$(Q)$(STYLE)/clang-format -i $(C_FILES)
fmt-check:
	$(call say,FORMAT,)
	$(Q)$(STYLE)/clang-format --dry-run --Werror $(C_FILES)

tidy: $(SRC:%=tidy/%) ## clang-tidy over the sources
tidy/%: FORCE
	$(call say,TIDY,$*)
	$(Q)$(STYLE)/clang-tidy --quiet $* -- -std=gnu11 -D_GNU_SOURCE -Isrc -Itests/unit -include src/base/banned.h 2>/dev/null

SCRIPTS = $(shell grep -rlE '^\#!.*(bash|bats)' hack certs tests .ci 2>/dev/null)
shellcheck: ## the scripts
	$(call say,SHELL,)
	$(Q)$(STYLE)/shellcheck -x $(SCRIPTS)

commits: ## the messages of recent commits
	$(Q)hack/check-commits

# --- what people call -------------------------------------------------------------------------------
check: all layers hdr-check fmt-check shellcheck commits unit ## the fast half of the tests
test: deps ## install what is missing, and run all tests
	$(Q)tests/run
demo: deps ## install what is missing, and show the main job on a real control plane
	$(Q)hack/demo
bench: deps ## compare with a Go webhook that does the same work
	$(Q)$(MAKE) all
	$(Q)tests/bench/run
deps: ## install what is missing
	$(Q)hack/deps

docs: $(COMMAND) ## write the pages that are made from tables
	$(Q)$(COMMAND) rules >docs/rules.md
	$(Q)$(COMMAND) flags >docs/reference.md

image: all ## the container image, in build/image
	$(Q)hack/image

install: all ## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(COMMAND) $(DAEMONS) $(DESTDIR)$(PREFIX)/bin

clean: ## remove what was built
	rm -rf build

help: ## this list
	$(Q)awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all test-build unit fuzz fuzz-short fuzz-targets model model-short chaos layers hdr-check fmt fmt-check tidy shellcheck \
	commits check test demo bench deps docs image install clean help FORCE

-include $(shell find $(B) -name '*.d' 2>/dev/null)
