/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in policy: deploy/pawl.yaml byte for byte, as it is also installed. It is
 * read by pawl_policy_parse() before any other policy; nothing is decided here.
 */
#include "user/core/policy.h"

/* The assembler looks for it from the directory in which it runs: the top of the tree. */
#ifndef PAWL_BUILTIN_YAML
#define PAWL_BUILTIN_YAML "deploy/pawl.yaml"
#endif

_Static_assert(sizeof(pawl_policy_builtin_size) == 8, "the .quad below is a size_t");

__asm__(".pushsection .rodata\n"
	".globl pawl_policy_builtin\n"
	".type pawl_policy_builtin, %object\n"
	"pawl_policy_builtin:\n"
	".incbin \"" PAWL_BUILTIN_YAML "\"\n"
	"1:\n"
	".byte 0\n"
	".size pawl_policy_builtin, . - pawl_policy_builtin\n"
	".balign 8\n"
	".globl pawl_policy_builtin_size\n"
	".type pawl_policy_builtin_size, %object\n"
	"pawl_policy_builtin_size:\n"
	".quad 1b - pawl_policy_builtin\n"
	".size pawl_policy_builtin_size, 8\n"
	".popsection\n");
