/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls destroy, by number, on this architecture. Pure. */
#ifndef PAWL_CORE_SYSCALLS_H
#define PAWL_CORE_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi.h"

/* @compat: of the 32-bit table. NONE where the call is of no interest. */
enum pawl_syscall pawl_syscall_kind(bool compat, uint64_t nr);

#endif
