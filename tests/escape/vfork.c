/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: children of vfork(2), whose parents wait in the kernel while they are held
 * class: tree
 * where: host
 */
#include <sys/wait.h>
#include <unistd.h>

#include "../tools/names.h"

int main(void)
{
	struct names names = names_read(getenv("DATA"));

	for (volatile size_t i = 0; i < names.n; i++) {
		pid_t pid = vfork();

		if (!pid) {
			unlinkat(names.dir, names.name[i], 0);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
