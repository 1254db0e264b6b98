/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: 300 children that wait until their parent is held, then delete a file each
 * class: tree
 * where: host
 * linger: 2
 */
#include <sys/types.h>
#include <unistd.h>

#include "../tools/names.h"

#define SHARE 30 /* of the parent */

int main(void)
{
	struct names names = names_read(getenv("DATA"));

	for (size_t i = SHARE; i < names.n; i++) {
		if (fork())
			continue;
		sleep(1);
		unlinkat(names.dir, names.name[i], 0);
		_exit(0);
	}
	for (size_t i = 0; i < SHARE; i++)
		unlinkat(names.dir, names.name[i], 0);
	return 0;
}
