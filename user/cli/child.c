/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place in the client that sends signals: to the command and to the watchdog
 * that `pawl run` started. Processes of a session are signalled by pawld alone.
 */
#include <signal.h>

#include "user/cli/child.h"

void pawl_child_signal(pid_t pid, int signal)
{
	if (pid > 0)
		kill(pid, signal);
}
