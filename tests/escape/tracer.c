/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: a tracer in the tree that swallows the SIGSTOP of what it traces
 * class: tree
 * where: host
 * linger: 2
 */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tools/names.h"

static void destroy(void)
{
	struct names names = names_read(getenv("DATA"));

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	for (size_t i = 0; i < names.n; i++)
		unlinkat(names.dir, names.name[i], 0);
	_exit(0);
}

int main(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		destroy();
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	return 0;
}
