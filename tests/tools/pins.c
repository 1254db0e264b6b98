/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at what is pinned, by bpf(2) alone: guests have no bpftool.
 *
 *   pins ids DIR             "map ID" or "prog ID" of each map and link in DIR
 *   pins there [KIND ID]...  status 0 if one of them is still in the kernel, else 1
 *   pins count FILE          keys of a pinned map
 *   pins set FILE N VALUE    word N of a pinned map that can be mapped into memory
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int get_pin(const char *path)
{
	union bpf_attr attr = {.pathname = (uintptr_t)path};

	return (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
}

/* What the kernel says of a descriptor: a link shows its program too. */
static int print_id(int fd)
{
	char path[64], line[128];
	unsigned int id;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info)) {
		if (sscanf(line, "map_id: %u", &id) == 1)
			printf("map %u\n", id);
		else if (sscanf(line, "prog_id: %u", &id) == 1)
			printf("prog %u\n", id);
	}
	return info ? fclose(info) : -1;
}

static int ids(const char *dir)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	char path[4096];
	int fd;

	if (!entries)
		return 1;
	while ((entry = readdir(entries))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		fd = entry->d_name[0] == '.' ? -1 : get_pin(path);
		if (fd < 0)
			continue;
		print_id(fd);
		close(fd);
	}
	closedir(entries);
	return 0;
}

static int there(char **words)
{
	for (; words[0] && words[1]; words += 2) {
		union bpf_attr attr = {.map_id = (uint32_t)strtoul(words[1], NULL, 10)};
		int cmd = strcmp(words[0], "map") ? BPF_PROG_GET_FD_BY_ID : BPF_MAP_GET_FD_BY_ID;
		int fd = (int)syscall(SYS_bpf, cmd, &attr, sizeof(attr));

		if (fd >= 0) {
			close(fd);
			return 0;
		}
	}
	return 1;
}

static int count(const char *path)
{
	union bpf_attr attr = {};
	char keys[2][256]; /* of any map of pawl's */
	unsigned int n = 0;
	int fd = get_pin(path);

	if (fd < 0)
		return 1;
	attr.map_fd = (uint32_t)fd;
	for (;;) {
		attr.next_key = (uintptr_t)keys[n % 2];
		if (syscall(SYS_bpf, BPF_MAP_GET_NEXT_KEY, &attr, sizeof(attr)) < 0)
			break;
		attr.key = attr.next_key;
		n++;
	}
	printf("%u\n", n);
	return 0;
}

static int set(const char *path, const char *index, const char *value)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE), i = strtoul(index, NULL, 10);
	int fd = get_pin(path);
	uint64_t *words;

	if (fd < 0 || i >= size / sizeof(*words))
		return 1;
	words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return 1;
	words[i] = strtoull(value, NULL, 0);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "ids"))
		return ids(argv[2]);
	if (argc >= 2 && !strcmp(argv[1], "there"))
		return there(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "count"))
		return count(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "set"))
		return set(argv[2], argv[3], argv[4]);
	fputs("usage: pins ids DIR | there [KIND ID]... | count FILE | set FILE N VALUE\n", stderr);
	return 2;
}
