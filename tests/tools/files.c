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
	unsigned long full;   /* their first byte is what it was: no hole, not gone */
	unsigned long intact; /* as make_file() left them */
	unsigned long dirs;   /* the top one is not counted */
};

/* The head of a file. Return: how much of it is in @text. */
static ssize_t read_head(int dir, const char *name, char text[2 * SIZE])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, 2 * SIZE);
	close(fd);
	return n;
}

static bool has_content(int dir, const char *name)
{
	char text[2 * SIZE];

	return read_head(dir, name, text) > 0 && *text;
}

static bool is_intact(int dir, const char *name)
{
	char text[2 * SIZE];

	return read_head(dir, name, text) == SIZE && !memcmp(text, CONTENT, SIZE);
}

/* Counts below @fd, which it closes. */
static void count(int fd, bool contents, struct totals *totals)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

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
				count(sub, contents, totals);
			continue;
		}
		totals->files++;
		if (contents && has_content(dirfd(dir), entry->d_name))
			totals->full++;
		if (contents && is_intact(dirfd(dir), entry->d_name))
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
	if (content && (!st.st_size || !has_content(dir, name)) && write(fd, CONTENT, SIZE) != SIZE)
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
	errx(2, "usage: files make|empty DIR N | tree DIR DIRS N | count|full|intact|dirs DIR");
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
		count(open_dir(argv[2]), strcmp(verb, "count") && strcmp(verb, "dirs"), &totals);
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
