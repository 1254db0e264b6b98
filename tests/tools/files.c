/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes and counts the files that the suites have deleted: 10,000 of them must cost little even
 * in an emulated guest. It must not delete anything.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTENT "content\n"
#define SIZE 8

struct totals {
	unsigned long files;
	unsigned long full;   /* not empty */
	unsigned long intact; /* as make_file() left them */
	unsigned long dirs;   /* the top one is not counted */
};

static bool is_intact(int dir, const char *name)
{
	char text[16];
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	bool intact;

	if (fd < 0)
		return false;
	intact = read(fd, text, sizeof(text)) == SIZE && !memcmp(text, CONTENT, SIZE);
	close(fd);
	return intact;
}

enum { NAMES, SIZES, CONTENTS };

/* Counts below @fd, which it closes; @look: at what, besides the names. */
static void count(int fd, int look, struct totals *totals)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		err(1, "fdopendir");
	while ((entry = readdir(dir))) {
		int sub;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_DIR) {
			totals->dirs++;
			sub = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (sub >= 0)
				count(sub, look, totals);
			continue;
		}
		totals->files++;
		if (look == SIZES && !fstatat(dirfd(dir), entry->d_name, &st, 0) && st.st_size > 0)
			totals->full++;
		if (look == CONTENTS && is_intact(dirfd(dir), entry->d_name))
			totals->intact++;
	}
	closedir(dir);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0777) && errno != EEXIST)
		err(1, "mkdir %s", path);
}

/* A file that is there and has content is left as it is, so that a directory can be refilled. */
static void make_file(int dir, const char *name, bool content)
{
	struct stat st;
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0 || fstat(fd, &st))
		err(1, "open %s", name);
	if (content && !st.st_size && write(fd, CONTENT, SIZE) != SIZE)
		err(1, "write %s", name);
	close(fd);
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(1, "open %s", path);
	return fd;
}

static void make_files(const char *path, unsigned long n, bool content)
{
	char name[32];
	int dir;

	make_dir(path);
	dir = open_dir(path);
	for (unsigned long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%lu", i);
		make_file(dir, name, content);
	}
	close(dir);
}

/* @n files spread evenly over @dirs directories; without files, empty directories. */
static void make_tree(const char *path, unsigned long dirs, unsigned long n)
{
	char sub[4096];

	make_dir(path);
	for (unsigned long i = 0; i < dirs; i++) {
		snprintf(sub, sizeof(sub), "%s/d%lu", path, i);
		make_dir(sub);
		if (n)
			make_files(sub, n / dirs, true);
	}
}

static void usage(void)
{
	errx(2, "usage: files make|empty DIR N | tree DIR DIRS N | count|full|dirs|intact DIR");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	struct totals totals = {0};

	if (argc == 4 && (!strcmp(verb, "make") || !strcmp(verb, "empty"))) {
		make_files(argv[2], strtoul(argv[3], NULL, 10), !strcmp(verb, "make"));
		return 0;
	}
	if (argc == 5 && !strcmp(verb, "tree")) {
		make_tree(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
		return 0;
	}
	if (argc != 3)
		usage();
	if (access(argv[2], F_OK) == 0) /* a directory that is gone holds nothing */
		count(open_dir(argv[2]),
		      !strcmp(verb, "full")	? SIZES
		      : !strcmp(verb, "intact") ? CONTENTS
						: NAMES,
		      &totals);
	if (!strcmp(verb, "count"))
		printf("%lu\n", totals.files);
	else if (!strcmp(verb, "full"))
		printf("%lu\n", totals.full);
	else if (!strcmp(verb, "intact"))
		printf("%lu\n", totals.intact);
	else if (!strcmp(verb, "dirs"))
		printf("%lu\n", totals.dirs);
	else
		usage();
	return 0;
}
