/* SPDX-License-Identifier: Apache-2.0 */
/* Signals to our own children; no other file of the client sends any. */
#ifndef PAWL_CLI_CHILD_H
#define PAWL_CLI_CHILD_H

#include <sys/types.h>

/*
 * Sends @signal to a child of ours that was not yet waited for: its pid is still its own,
 * so that nobody else can be hit. Does nothing where @pid is 0.
 */
void pawl_child_signal(pid_t pid, int signal);

#endif
