/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where our own files are, from the place of the running executable. It opens nothing
 * and says nothing: who asked reports what was not found.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/cli/place.h"

static char *executable_or_null(char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *pawl_place_beside(const char *relative)
{
	char own[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash, *path;

	if (size < 0)
		return NULL;
	own[size] = '\0';
	slash = strrchr(own, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	if (asprintf(&path, "%s/%s", own, relative) < 0)
		return NULL;
	return executable_or_null(path);
}

/* Empty and relative entries are passed over: what we start there would run as root. */
char *pawl_place_in_path(const char *name)
{
	const char *at = getenv("PATH");

	while (at && *at) {
		size_t size = strcspn(at, ":");
		char *path;

		if (*at == '/') {
			if (asprintf(&path, "%.*s/%s", (int)size, at, name) < 0)
				return NULL;
			path = executable_or_null(path);
			if (path)
				return path;
		}
		at += size + (at[size] == ':');
	}
	return NULL;
}

char *pawl_place_pawld(void)
{
	static const char *const beside[] = {"pawld", "../sbin/pawld"};
	char *path;

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		path = pawl_place_beside(beside[i]);
		if (path)
			return path;
	}
	return pawl_place_in_path("pawld");
}
