/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletes or empties the files of a directory by the ways of naming them that kernels offer and
 * programs hardly use: other system call tables, descriptors that only name a place, paths of the
 * utmost length and depth. Status 3: this kernel does not offer the way.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "names.h"

#define STATUS_CANNOT 3
#define PATH_LONGEST 4095 /* PATH_MAX counts the NUL */
#define X32_BIT 0x40000000

static const char *top; /* the directory, absolute */

static int unlink_opath(const char *name, int dir)
{
	static int place = -1;

	(void)dir;
	if (place < 0)
		place = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return unlinkat(place, name, 0);
}

static int unlink_procfd(const char *name, int dir)
{
	char path[512];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	return unlink(path);
}

static int unlink_procroot(const char *name, int dir)
{
	char path[1024];

	(void)dir;
	snprintf(path, sizeof(path), "/proc/thread-self/root%s/%s", top, name);
	return unlink(path);
}

/* The working directory is gone before the first deletion. */
static int unlink_nowhere(const char *name, int dir)
{
	static char gone[64];

	if (!*gone) {
		snprintf(gone, sizeof(gone), "../gone.%d", (int)getpid());
		if (mkdirat(dir, gone, 0700) || fchdir(dir) || chdir(gone) ||
		    unlinkat(dir, gone, AT_REMOVEDIR))
			err(1, "%s", gone);
	}
	return unlinkat(dir, name, 0);
}

/* "/top/./././name", as long as a path may be. */
static int unlink_long(const char *name, int dir)
{
	static char path[PATH_LONGEST + 1];
	size_t head = strlen(top), tail = strlen(name), at = head;

	(void)dir;
	memcpy(path, top, head);
	path[at++] = '/';
	while (at + 2 + tail <= PATH_LONGEST) {
		path[at++] = '.';
		path[at++] = '/';
	}
	if (at + tail < PATH_LONGEST)
		path[at++] = '/';
	memcpy(path + at, name, tail + 1);
	return unlink(path);
}

static int unlink_chroot(const char *name, int dir)
{
	static int done;
	char path[512];

	(void)dir;
	if (!done && (chroot(top) || chdir("/")))
		err(1, "chroot");
	done = 1;
	snprintf(path, sizeof(path), "/%s", name);
	return unlink(path);
}

/* Content is lost through a descriptor that was opened for nothing. */
static int truncate_opath(const char *name, int dir)
{
	int place = openat(dir, name, O_PATH | O_CLOEXEC), fd;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	close(place);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

#ifdef __x86_64__
/* unlink(2) of the 32-bit table, from a 64-bit program: pointers are of 32 bits there. */
static int unlink_int80(const char *name, int dir)
{
	static char *low;
	long ret;

	(void)dir;
	if (!low)
		low = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		err(1, "mmap");
	snprintf(low, 8192, "%s/%s", top, name);
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(10L), "b"(low)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)ret == -ENOSYS)
		exit(STATUS_CANNOT);
	errno = ret < 0 ? (int)-ret : 0;
	return ret < 0 ? -1 : 0;
}

static int unlink_x32(const char *name, int dir)
{
	if (syscall(X32_BIT | SYS_unlinkat, dir, name, 0) == 0)
		return 0;
	if (errno == ENOSYS)
		exit(STATUS_CANNOT);
	return -1;
}
#else
static int unlink_int80(const char *name, int dir)
{
	(void)name;
	(void)dir;
	exit(STATUS_CANNOT);
}
#define unlink_x32 unlink_int80
#endif

static const struct {
	const char *name;
	int (*run)(const char *name, int dir);
} ways[] = {
	{"opath", unlink_opath},     {"procfd", unlink_procfd}, {"procroot", unlink_procroot},
	{"nowhere", unlink_nowhere}, {"long", unlink_long},	{"chroot", unlink_chroot},
	{"int80", unlink_int80},     {"x32", unlink_x32},	{"truncate-opath", truncate_opath},
};

static int delete_by(const char *way, const char *path)
{
	struct names names = names_read(path);

	top = path;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, way))
			continue;
		for (size_t j = 0; j < names.n; j++)
			if (ways[i].run(names.name[j], names.dir))
				err(1, "%s %s", way, names.name[j]);
		return 0;
	}
	errx(2, "unknown way %s", way);
}

/* Goes down @levels from @path, by descriptors: no path could name the place. */
static int descend(const char *path, unsigned long levels, bool make)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	for (; dir >= 0 && levels; levels--, dir = next) {
		if (make && mkdirat(dir, "d", 0777))
			err(1, "mkdir, %lu levels before the end", levels);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
	}
	if (dir < 0)
		err(1, "open, %lu levels before the end of %s", levels, path);
	return dir;
}

static int deep_make(const char *path, unsigned long levels, unsigned long n)
{
	int dir = descend(path, levels, true), fd;
	char name[32];

	for (; n; n--) {
		snprintf(name, sizeof(name), "f%lu", n);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0 || close(fd))
			err(1, "%s", name);
	}
	return 0;
}

static int deep_delete(const char *path, unsigned long levels, unsigned long n)
{
	int dir = descend(path, levels, false);
	char name[32];

	for (; n; n--) {
		snprintf(name, sizeof(name), "f%lu", n);
		if (unlinkat(dir, name, 0))
			err(1, "unlink %s", name);
	}
	return 0;
}

/* Names that a terminal, a line or a JSON string cannot take as they are. */
static const char *const evil[] = {
	"new\nline",
	"\033]0;title\a\033[2J",
	"\xff\xfe\xc3\x28",
	"quote\"back\\slash",
	"\r\b\t\x7f",
	"\xe2\x80\xaertl",
	"\xed\xa0\x80",
	"$(reboot)`x`;'",
	"-rf",
	" ",
};
#define EVIL (sizeof(evil) / sizeof(evil[0]))

/* In a directory of all these names together, @n files of one each. */
static int names_make(const char *path, unsigned long n)
{
	char name[256] = "";
	int top_dir, dir;

	for (size_t i = 0; i < EVIL; i++)
		strcat(name, evil[i]);
	top_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top_dir, name, 0777))
		err(1, "mkdir");
	dir = openat(top_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%lu", evil[i % EVIL], i);
		if (close(openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666)))
			err(1, "name %lu", i);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long first = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned long second = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;

	if (argc == 5 && !strcmp(argv[1], "deep-make"))
		return deep_make(argv[2], first, second);
	if (argc == 5 && !strcmp(argv[1], "deep-delete"))
		return deep_delete(argv[2], first, second);
	if (argc == 4 && !strcmp(argv[1], "names"))
		return names_make(argv[2], first);
	if (argc == 3)
		return delete_by(argv[1], argv[2]);
	errx(2, "usage: ways WAY DIR | names DIR N | deep-make|deep-delete DIR LEVELS N");
}
