/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaf of the pipeline: tells the agent why it stands still. It must never block pawld,
 * and must never write to a file that the watched process could not write to itself.
 */
#include "user/shell/notice.h"

#include <errno.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "user/core/cleanup.h"

#define LIMIT_S 2
#define STDERR 2

/* Of kernel interfaces, where a line of text is a command. linux/magic.h. */
static bool is_interface(int fd)
{
	static const unsigned long magics[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,
					       DEBUGFS_MAGIC,	    TRACEFS_MAGIC,
					       SECURITYFS_MAGIC,    CGROUP_SUPER_MAGIC,
					       CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC,
					       EFIVARFS_MAGIC,	    SELINUX_MAGIC};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if ((unsigned long)fs.f_type == magics[i])
			return true;
	}
	return false;
}

/* Terminals, pipes, sockets and plain files take a line of text; other things may not. */
static bool takes_text(int fd, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return !is_interface(fd);
	return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) ||
	       (S_ISCHR(st->st_mode) && isatty(fd));
}

static void write_notice(int fd, const char *text, dev_t skip_dev, ino_t skip_ino)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	size_t size = strlen(text);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !takes_text(fd, &st))
		return;
	if (st.st_dev == skip_dev && st.st_ino == skip_ino)
		return;
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return;
	if (S_ISSOCK(st.st_mode))
		(void)!send(fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		(void)!write(fd, text, size);
}

int pawl_notice_send(int pidfd, const char *text, dev_t skip_dev, ino_t skip_ino)
{
	sigset_t none;
	int fd;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid)
		return 0; /* reaped by main with its other children */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGALRM, SIG_DFL);
	alarm(LIMIT_S);
	fd = dup2((int)syscall(SYS_pidfd_getfd, pidfd, STDERR, 0), 3);
	/* a write that hangs must not keep pawld's programs attached */
	close_range(4, ~0U, 0);
	write_notice(fd, text, skip_dev, skip_ino);
	_exit(0);
}
