/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: a child for each file, made by clone(2) with every mix of flags that changes its family
 * class: tree
 * where: host
 * quick: yes
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tools/names.h"

#define STACK_BYTES 65536

static struct names names;

static const int mixes[] = {
	SIGCHLD,
	0, /* no signal to the parent */
	CLONE_PARENT | SIGCHLD,
	CLONE_FILES | CLONE_FS | SIGCHLD,
	CLONE_VM | CLONE_VFORK | SIGCHLD,
	CLONE_VM | CLONE_SIGHAND | CLONE_FILES | SIGCHLD,
	CLONE_UNTRACED | CLONE_IO | SIGCHLD,
	CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD,
};

static int destroy(void *name)
{
	unlinkat(names.dir, name, 0);
	_exit(0);
}

int main(void)
{
	names = names_read(getenv("DATA"));
	for (size_t i = 0; i < names.n; i++) {
		char *stack = malloc(STACK_BYTES);

		if (!stack)
			err(1, "malloc");
		if (clone(destroy, stack + STACK_BYTES, mixes[i % (sizeof(mixes) / sizeof(int))],
			  names.name[i]) < 0)
			err(1, "clone");
		/* children of other parents are not waited for; their stacks stay */
		waitpid(-1, NULL, __WALL | WNOHANG);
	}
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	return 0;
}
