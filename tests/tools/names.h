/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in a directory, read before the first operation: a deleter that reads and deletes in
 * turn would measure the file system's order too.
 */
#ifndef PAWL_TESTS_NAMES_H
#define PAWL_TESTS_NAMES_H

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct names {
	int dir; /* open for *at() calls */
	char **name;
	size_t n;
};

static inline struct names names_read(const char *path)
{
	struct names names = {.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t room = 0;

	if (names.dir < 0 || !dir)
		err(1, "open %s", path);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (names.n == room) {
			room = room ? 2 * room : 1024;
			names.name = reallocarray(names.name, room, sizeof(*names.name));
			if (!names.name)
				err(1, "reallocarray");
		}
		names.name[names.n] = strdup(entry->d_name);
		if (!names.name[names.n++])
			err(1, "strdup");
	}
	closedir(dir);
	return names;
}

#endif
