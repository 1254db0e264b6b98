/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one thing to every entry of a directory: the ways in which content is lost without a
 * deletion, and the look-alikes by which nothing is lost.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names.h"

static int do_truncate(int dir, const char *name)
{
	(void)dir; /* the working directory is @dir: truncate(2) has no *at form */
	return truncate(name, 0);
}

static int do_grow(int dir, const char *name)
{
	(void)dir;
	return truncate(name, 4096);
}

static int do_ftruncate(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = ftruncate(fd, 0);
	close(fd);
	return ret;
}

static int do_trunc(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Its size stays, its content does not. */
static int do_punch(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
	close(fd);
	return ret;
}

/* An empty file, made beside the directory, takes the place of @name. */
static int do_replace(int dir, const char *name)
{
	int fd = openat(dir, "../replacement", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return -1;
	close(fd);
	return renameat(dir, "../replacement", dir, name);
}

static int do_move(int dir, const char *name)
{
	char to[300];

	snprintf(to, sizeof(to), "moved-%s", name);
	return renameat(dir, name, dir, to);
}

static int do_rmdir(int dir, const char *name)
{
	return unlinkat(dir, name, AT_REMOVEDIR);
}

/* New files by O_CREAT | O_TRUNC, as every redirection and compiler does. */
static int do_new(int dir, const char *name)
{
	char fresh[300];

	snprintf(fresh, sizeof(fresh), "new-%s", name);
	return do_trunc(dir, fresh);
}

static const struct {
	const char *name;
	int (*run)(int dir, const char *name);
} actions[] = {
	{"truncate", do_truncate}, {"ftruncate", do_ftruncate},
	{"otrunc", do_trunc},	   {"replace", do_replace},
	{"rmdir", do_rmdir},	   {"grow", do_grow},
	{"move", do_move},	   {"new", do_new},
	{"punch", do_punch},
};

int main(int argc, char **argv)
{
	struct names names;

	if (argc != 3)
		errx(2, "usage: overwrite ACTION DIR");
	names = names_read(argv[2]);
	if (fchdir(names.dir))
		err(1, "chdir %s", argv[2]);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, argv[1]))
			continue;
		for (size_t j = 0; j < names.n; j++)
			if (actions[i].run(names.dir, names.name[j]))
				err(1, "%s %s", argv[1], names.name[j]);
		return 0;
	}
	errx(2, "unknown action %s", argv[1]);
}
