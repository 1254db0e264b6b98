# SPDX-License-Identifier: Apache-2.0
#
# Builds everything out of tree, in build/. `make help` lists the targets.
# Variables: V=1 shows commands; CC, CLANG, BPFTOOL, CFLAGS, LDFLAGS; PREFIX, SYSCONFDIR, DESTDIR
# for install; WERROR= (empty) for a compiler that warns about more than this tree was tried with.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
WERROR ?= -Werror

B := build
MACHINE := $(shell uname -m)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(MACHINE)))

# bpftool stands in /usr/sbin, which an ordinary user's PATH may lack.
export PATH := $(PATH):/usr/sbin:/sbin

ifeq ($(V),1)
say = @:
Q :=
else
say = @printf '  %-7s %s\n' $(1) $(2)
Q := @
endif

# Libraries are asked for when a recipe runs, so that make starts on a machine without any of them.
PAWLD_LIBS := libbpf libelf zlib libfyaml jansson libsystemd
PAWL_LIBS := jansson libfyaml
cflags = $(shell $(PKG_CONFIG) --cflags $(1))
libs = $(shell $(PKG_CONFIG) --libs $(1))

WARN := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes
BASE := -std=gnu11 -D_GNU_SOURCE= -I. -I$(B) $(WARN) -MMD -MP
HARDEN := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -Wunused-function
BPF_FLAGS := -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -Wall $(WERROR) -I. -I bpf \
	-idirafter /usr/include/$(MACHINE)-linux-gnu -MMD -MP

CORE := $(patsubst %.c,$(B)/%.o,$(wildcard user/core/*.c))
SHELL_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard user/shell/*.c))
CLI := $(patsubst %.c,$(B)/%.o,$(wildcard user/cli/*.c))
SAN_CORE := $(CORE:$(B)/%=$(B)/san/%)
SAN_SHELL := $(SHELL_OBJ:$(B)/%=$(B)/san/%)
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(B)/tests/%,$(wildcard tests/tools/*.c)) \
	$(patsubst tests/escape/%.c,$(B)/tests/escape/%,$(wildcard tests/escape/*.c))
ifneq ($(MACHINE),x86_64) # a program of the other table of system calls
TOOLS := $(filter-out %32,$(TOOLS))
endif
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_S ?= 60
FORMATTED = $(wildcard bpf/*.[ch] user/*/*.[ch] tests/*/*.[ch])

.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SECONDARY:
.SUFFIXES:
.PHONY: all demo test test-all unit host escape vm fuzz lint format install uninstall clean help programs

all: $(B)/pawl $(B)/pawld ## build pawl and pawld (the default)

# ---- what the machine lacks is installed once, before the first recipe that needs it ----
$(B)/.deps-%: scripts/deps.sh
	@mkdir -p $(B)
	$(Q)scripts/deps.sh $* && touch $@
$(B)/.deps-test: | $(B)/.deps-build

# ---- BPF ----
# `gen object` leaves BTF and drops the DWARF, which would triple the size of pawld.
$(B)/pawl.bpf.o: bpf/pawl.bpf.c Makefile | $(B)/.deps-build
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_FLAGS) -MF $(B)/pawl.bpf.d -MT $@ -c $< -o $(B)/pawl.full.o
	$(Q)$(BPFTOOL) gen object $@ $(B)/pawl.full.o

$(B)/pawl.skel.h: $(B)/pawl.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name pawl_bpf > $@

# ---- user space ----
$(SHELL_OBJ) $(SAN_SHELL): | $(B)/pawl.skel.h
$(B)/user/core/builtin.o $(B)/san/user/core/builtin.o: deploy/pawl.yaml

$(B)/user/%.o: user/%.c Makefile | $(B)/.deps-build
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE) $(HARDEN) $(call cflags,$(PAWLD_LIBS)) -c $< -o $@

$(B)/libpawlcore.a: $(CORE)
$(B)/san/libpawlcore.a: $(SAN_CORE)
%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/pawld: $(SHELL_OBJ) $(B)/libpawlcore.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(HARDEN_LD) $^ -o $@ $(call libs,$(PAWLD_LIBS)) -pthread

$(B)/pawl: $(CLI) $(B)/libpawlcore.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(HARDEN_LD) $^ -o $@ $(call libs,$(PAWL_LIBS)) -pthread

# ---- tests ----
# A unit test is linked with the core; test_NAME also with user/shell/NAME.c, where there is one.
$(B)/san/user/%.o: user/%.c Makefile | $(B)/.deps-test
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(SANITIZE) $(call cflags,$(PAWLD_LIBS)) -c $< -o $@

$(B)/tests/unit/test_%: tests/unit/test_%.c Makefile $(B)/san/libpawlcore.a \
		$$(filter $(B)/san/user/shell/$$*.o,$(SAN_SHELL))
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(SANITIZE) $(call cflags,$(PAWLD_LIBS) cmocka) \
		-MF $(@D)/.$(@F).d -MT $@ $< $(filter %.o,$^) $(filter %.a,$^) -o $@ \
		$(call libs,cmocka $(PAWLD_LIBS)) -pthread

$(B)/tests/%: tests/tools/%.c Makefile | $(B)/.deps-build
	$(call say,TOOL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE) -MF $(@D)/.$(@F).d -MT $@ $< -o $@ -pthread

$(B)/tests/%32: tests/tools/%32.c Makefile | $(B)/.deps-build
	$(call say,TOOL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -m32 -ffreestanding -fno-pie -fno-stack-protector $(BASE) \
		-MF $(@D)/.$(@F).d -MT $@ $< -o $@ -nostdlib -static -no-pie

$(B)/tests/escape/%: tests/escape/%.c Makefile | $(B)/.deps-build
	$(call say,TOOL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BASE) -MF $(@D)/.$(@F).d -MT $@ $< -o $@ -pthread

programs: $(UNIT) $(TOOLS)

# Each fuzzer is built with the whole core, by clang, which has libFuzzer.
$(B)/fuzz/%: tests/fuzz/%.c $(wildcard user/core/*.[ch]) Makefile | $(B)/.deps-test
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out -MMD -MP,$(BASE)) -g -O1 -fsanitize=fuzzer,address,undefined \
		$(call cflags,libfyaml) $< $(wildcard user/core/*.c) -o $@ $(call libs,libfyaml)

fuzz: $(FUZZ) ## run each fuzzer for FUZZ_S seconds
	$(Q)set -e; for f in $(FUZZ); do $$f -max_total_time=$(FUZZ_S) -max_len=4096; done

test: all programs | $(B)/.deps-test ## build and run every test
	@scripts/deps.sh lint agents vm
	@scripts/test.sh unit check host escape agents vm

test-all: export PAWL_TEST_LONG = 1
test-all: test ## the same with the long tests

unit: $(UNIT) ## core tests under ASan and UBSan; no root needed
	@scripts/test.sh unit

host: all programs ## tests of this kernel (root)
	@scripts/test.sh host

escape: all programs ## attempts to get round pawl on this kernel (root)
	@scripts/test.sh escape

vm: all programs ## the matrix of kernels in QEMU
	@scripts/deps.sh vm
	@scripts/test.sh vm

demo: all ## set up, build and show a mass deletion being held (root)
	@scripts/demo.sh

lint: all ## layers, purity, format, clang-tidy, cppcheck, shellcheck
	@scripts/deps.sh lint
	@scripts/check.sh all

format: ## apply .clang-format
	@scripts/deps.sh lint
	$(Q)clang-format -i $(FORMATTED)

# ---- install ----
install: all ## install below PREFIX; an existing configuration is kept
	install -D -m 755 $(B)/pawl $(DESTDIR)$(PREFIX)/bin/pawl
	install -D -m 755 $(B)/pawld $(DESTDIR)$(PREFIX)/sbin/pawld
	install -D -m 755 scripts/demo.sh $(DESTDIR)$(PREFIX)/libexec/pawl/demo.sh
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local|$(PREFIX)|' deploy/systemd/pawl.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/pawl.service
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(B)/pawl completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pawl
	test -e $(DESTDIR)$(SYSCONFDIR)/pawl/pawl.yaml || \
		install -D -m 644 deploy/pawl.yaml $(DESTDIR)$(SYSCONFDIR)/pawl/pawl.yaml

uninstall: ## remove what install put there; the configuration stays
	rm -f $(DESTDIR)$(PREFIX)/bin/pawl $(DESTDIR)$(PREFIX)/sbin/pawld
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/pawl.service
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pawl
	rm -f $(DESTDIR)$(PREFIX)/libexec/pawl/demo.sh
	rmdir $(DESTDIR)$(PREFIX)/libexec/pawl 2>/dev/null || true

clean: ## remove build/
	rm -rf $(B)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

-include $(wildcard $(B)/*.d $(B)/user/*/*.d $(B)/san/user/*/*.d)
-include $(wildcard $(B)/tests/.*.d $(B)/tests/unit/.*.d $(B)/tests/escape/.*.d)
