/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of the self-test: a child reaches for pawld, for files of its own, for brokers and for
 * the kernel. All of it must do nothing where it is not refused: signals that are ignored,
 * limits that stay as they are, modules that are none.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/kexec.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/selftest.h"
#include "user/shell/selftest_internal.h"

#define IDS_MOST 4096
#define BTRFS_IOC_SNAP_DESTROY 0x5000940fUL

/* Set before children are made. */
static struct sockaddr_un listening = {.sun_family = AF_UNIX};
static socklen_t listening_size;
static int (*send_signal)(pid_t pid);

int pawl_selftest_listen(char ret_address[16])
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	listening_size = sizeof(listening);
	/* bound to a family alone, it gets a name that is nobody's: NUL and five digits */
	if (fd < 0 || bind(fd, (struct sockaddr *)&listening, sizeof(sa_family_t)) < 0 ||
	    listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&listening, &listening_size) < 0)
		return -1;
	snprintf(ret_address, 16, "@%.*s", 8, listening.sun_path + 1);
	return TAKE_FD(fd);
}

void pawl_selftest_signal_by(int (*signal_fn)(pid_t pid))
{
	send_signal = signal_fn;
}

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int do_signal(int dir, int i)
{
	(void)dir;
	(void)i;
	return send_signal(getppid());
}

static int do_ptrace(int dir, int i)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {&byte, 1};

	(void)dir;
	(void)i;
	return result(process_vm_readv(getppid(), &local, 1, &remote, 1, 0));
}

static int do_setrlimit(int dir, int i)
{
	struct rlimit64 as_it_is;

	(void)dir;
	(void)i;
	getrlimit64(RLIMIT_CORE, &as_it_is); /* inherited: the parent has the same */
	return result(syscall(SYS_prlimit64, getppid(), RLIMIT_CORE, &as_it_is, NULL));
}

static int do_setnice(int dir, int i)
{
	(void)dir;
	(void)i;
	return result(setpriority(PRIO_PROCESS, (id_t)getppid(), getpriority(PRIO_PROCESS, 0)));
}

static int do_setsched(int dir, int i)
{
	unsigned long cpus[128];
	long size = syscall(SYS_sched_getaffinity, getppid(), sizeof(cpus), cpus);

	(void)dir;
	(void)i;
	return size < 0 ? -errno : result(syscall(SYS_sched_setaffinity, getppid(), size, cpus));
}

static int do_setioprio(int dir, int i)
{
	long as_it_is = syscall(SYS_ioprio_get, 1 /* a process */, getppid());

	(void)dir;
	(void)i;
	return result(syscall(SYS_ioprio_set, 1, getppid(), as_it_is));
}

static int do_movemem(int dir, int i)
{
	(void)dir;
	(void)i;
	return result(syscall(SYS_move_pages, getppid(), 0UL, NULL, NULL, NULL, 0));
}

/* Asks for a descriptor of each object there is. Return: -EPERM if one was refused. */
static int try_objects(int next, int get)
{
	union bpf_attr ids = {}, attr = {};
	int refused = 0;

	for (int n = 0; n < IDS_MOST && syscall(SYS_bpf, next, &ids, sizeof(ids)) == 0; n++) {
		_cleanup_close_ int fd = -1;

		ids.start_id = attr.start_id = ids.next_id;
		fd = (int)syscall(SYS_bpf, get, &attr, sizeof(attr));
		if (fd < 0 && errno == EPERM)
			refused = -EPERM;
	}
	return refused;
}

static int do_bpf_map(int dir, int i)
{
	(void)dir;
	(void)i;
	return try_objects(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
}

static int do_bpf_prog(int dir, int i)
{
	(void)dir;
	(void)i;
	return try_objects(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
}

static int do_bpf_link(int dir, int i)
{
	(void)dir;
	(void)i;
	return try_objects(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
}

/* More segments than a kernel may have. */
static int do_load_data(int dir, int i)
{
	char none[4096] = "";

	(void)dir;
	(void)i;
	return result(syscall(SYS_kexec_load, 0UL, KEXEC_SEGMENT_MAX + 1UL, none,
			      (unsigned long)KEXEC_ARCH_DEFAULT));
}

/* A kernel of five bytes. */
static int do_read_file(int dir, int i)
{
	_cleanup_close_ int fd = openat(dir, "f0", O_RDONLY | O_CLOEXEC);

	(void)i;
	return result(syscall(SYS_kexec_file_load, fd, -1, 1UL, "",
			      (unsigned long)KEXEC_FILE_NO_INITRAMFS));
}

/* Without the numbers that it wants first. */
static int do_reboot(int dir, int i)
{
	(void)dir;
	(void)i;
	return result(syscall(SYS_reboot, 0, 0, 0, NULL));
}

/* The kernel would send it to ourselves, when there is something to read. */
static int do_sigio(int dir, int i)
{
	int ends[2];
	sigset_t mask;
	bool sent;

	(void)dir;
	(void)i;
	sigemptyset(&mask);
	sigaddset(&mask, SIGURG);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETOWN, getpid()) < 0 ||
	    fcntl(ends[0], F_SETSIG, SIGURG) < 0 || fcntl(ends[0], F_SETFL, O_ASYNC) < 0 ||
	    write(ends[1], "x", 1) != 1)
		return -errno;
	sent = sigtimedwait(&mask, NULL, &(struct timespec){0}) == SIGURG;
	close(ends[0]);
	close(ends[1]);
	return sent ? 0 : -EPERM;
}

static int do_create(int dir, int i)
{
	char name[32];
	_cleanup_close_ int fd = -1;

	snprintf(name, sizeof(name), PAWL_GUARD_DIR "/c%d", i);
	fd = openat(dir, name, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	return result(fd);
}

static int do_mkdir(int dir, int i)
{
	char name[32];

	snprintf(name, sizeof(name), PAWL_GUARD_DIR "/d%d", i);
	return result(mkdirat(dir, name, 0700));
}

static int do_mknod(int dir, int i)
{
	char name[32];

	snprintf(name, sizeof(name), PAWL_GUARD_DIR "/n%d", i);
	return result(mknodat(dir, name, S_IFIFO | 0600, 0));
}

static int do_link(int dir, int i)
{
	char name[32];

	snprintf(name, sizeof(name), PAWL_GUARD_DIR "/l%d", i);
	return result(linkat(dir, "f0", dir, name, 0));
}

static int do_symlink(int dir, int i)
{
	char name[32];

	snprintf(name, sizeof(name), PAWL_GUARD_DIR "/s%d", i);
	return result(symlinkat("nowhere", dir, name));
}

/* A subvolume with no name. */
static int do_ioctl(int dir, int i)
{
	char arguments[4096] = "";

	(void)i;
	return result(syscall(SYS_ioctl, dir, BTRFS_IOC_SNAP_DESTROY, arguments));
}

/* The same by the other table of system calls, where there is one: ioctl is its number 54. */
static int do_ioctl32(int dir, int i)
{
	long r = -ENOSYS;

	(void)i;
#ifdef __x86_64__
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(54), "b"(dir), "c"(BTRFS_IOC_SNAP_DESTROY), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
#else
	(void)dir;
#endif
	return (int)r;
}

/* A root that is not to be unmounted, only to be marked for it, which it cannot be. */
static int do_umount(int dir, int i)
{
	(void)dir;
	(void)i;
	return result(umount2("/", MNT_EXPIRE));
}

/* The root cannot be moved, nor exchanged for a directory that is no mount. */
static int do_move_mount(int dir, int i)
{
	(void)i;
	return result(syscall(SYS_move_mount, AT_FDCWD, "/", dir, PAWL_GUARD_DIR, 0));
}

static int do_pivot(int dir, int i)
{
	char path[64];

	(void)i;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/" PAWL_GUARD_DIR, dir);
	return result(syscall(SYS_pivot_root, path, path));
}

/* An attribute that only root may have, whether the file system knows it or not. */
static int do_setxattr(int dir, int i)
{
	_cleanup_close_ int fd = openat(dir, "f0", O_RDONLY | O_CLOEXEC);

	(void)i;
	return result(fsetxattr(fd, "trusted.pawl", "", 0, 0));
}

static int do_removexattr(int dir, int i)
{
	_cleanup_close_ int fd = openat(dir, "f0", O_RDONLY | O_CLOEXEC);

	(void)i;
	return result(fremovexattr(fd, "trusted.pawl"));
}

/* One that lets nobody do anything: owner, group, others. The first one is not watched. */
static int do_set_acl(int dir, int i)
{
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, allowed;
			uint32_t id;
		} entries[3];
	} nobody = {2, {{1, 0, UINT32_MAX}, {4, 0, UINT32_MAX}, {32, 0, UINT32_MAX}}};
	_cleanup_close_ int fd = openat(dir, i < 3 ? "g0" : "g1", O_RDONLY | O_CLOEXEC);

	return result(fsetxattr(fd, "system.posix_acl_access", &nobody, sizeof(nobody), 0));
}

static int do_remove_acl(int dir, int i)
{
	_cleanup_close_ int fd = openat(dir, "f0", O_RDONLY | O_CLOEXEC);

	(void)i;
	return result(fremovexattr(fd, "system.posix_acl_access"));
}

/* A file of pawl's, opened before this process was watched, and sent to itself. */
static int do_receive(int dir, int i)
{
	static int own = -1;
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char byte = 0;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int ends[2], received = -1;

	(void)i;
	if (own < 0)
		own = openat(dir, PAWL_GUARD_DIR "/w3", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (own < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -ENOTRECOVERABLE;
	memcpy(CMSG_DATA(&control.head), &own, sizeof(own));
	if (sendmsg(ends[0], &message, 0) == 1 && recvmsg(ends[1], &message, 0) == 1 &&
	    !(message.msg_flags & MSG_CTRUNC))
		memcpy(&received, CMSG_DATA(&control.head), sizeof(received));
	close(ends[0]);
	close(ends[1]);
	if (received < 0)
		return -EPERM; /* recvmsg(2) does not say why */
	close(received);
	return 0;
}

/* To ourselves, under the broker's name, which sockets of another type may have too. */
static int do_datagram(int dir, int i)
{
	_cleanup_close_ int broker = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)dir;
	(void)i;
	if (bind(broker, (struct sockaddr *)&listening, listening_size) < 0)
		return -errno;
	return result(sendto(fd, "", 1, 0, (struct sockaddr *)&listening, listening_size));
}

static int do_unix(int dir, int i)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)dir;
	(void)i;
	return result(connect(fd, (struct sockaddr *)&listening, listening_size));
}

/*
 * One's own socket is nobody outside, whatever it is called: sockets of another type may have the
 * broker's name too. But the broker is.
 */
static int do_listen(int dir, int i)
{
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
	_cleanup_close_ int own = socket(AF_UNIX, type, 0), fd = socket(AF_UNIX, type, 0);

	if (bind(own, (struct sockaddr *)&listening, listening_size) < 0 || listen(own, 1) < 0 ||
	    connect(fd, (struct sockaddr *)&listening, listening_size) < 0)
		return -EIO;
	return do_unix(dir, i);
}

static int do_inet(int dir, int i)
{
	const struct sockaddr_in nowhere = {.sin_family = AF_INET,
					    .sin_port = htons(PAWL_SELFTEST_PORT),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)dir;
	(void)i;
	return result(connect(fd, (const struct sockaddr *)&nowhere, sizeof(nowhere)));
}

const struct pawl_trial pawl_guard_trials[] = {
	{"signalling pawld", do_signal, {"task_kill"}, PAWL_TRIAL_GUARD},
	{"reading pawld's memory", do_ptrace, {"ptrace_access_check"}, PAWL_TRIAL_GUARD},
	{"limiting pawld", do_setrlimit, {"task_setrlimit"}, PAWL_TRIAL_GUARD},
	{"slowing pawld", do_setnice, {"task_setnice"}, PAWL_TRIAL_GUARD},
	{"scheduling pawld", do_setsched, {"task_setscheduler"}, PAWL_TRIAL_GUARD},
	{"slowing pawld's input", do_setioprio, {"task_setioprio"}, PAWL_TRIAL_GUARD},
	{"moving pawld's memory", do_movemem, {"task_movememory"}, PAWL_TRIAL_GUARD},
	{"opening pawl's maps", do_bpf_map, {"bpf_map"}, PAWL_TRIAL_GUARD},
	{"opening pawl's programs", do_bpf_prog, {"bpf_prog"}, PAWL_TRIAL_GUARD},
	{"opening pawl's links", do_bpf_link, {"bpf"}, PAWL_TRIAL_GUARD},
	{"loading a kernel", do_load_data, {"kernel_load_data"}, PAWL_TRIAL_GUARD},
	{"loading a kernel file", do_read_file, {"kernel_read_file"}, PAWL_TRIAL_GUARD},
	{"restarting the host", do_reboot, {"capable"}, PAWL_TRIAL_GUARD},
	{"a signal by the kernel", do_sigio, {"file_send_sigiotask"}, PAWL_TRIAL_GUARD},
	{"making a file among pawl's", do_create, {"inode_create"}, PAWL_TRIAL_GUARD},
	{"making a directory there", do_mkdir, {"inode_mkdir"}, PAWL_TRIAL_GUARD},
	{"making a node there", do_mknod, {"inode_mknod"}, PAWL_TRIAL_GUARD},
	{"linking into pawl's files", do_link, {"inode_link"}, PAWL_TRIAL_GUARD},
	{"linking from pawl's files", do_symlink, {"inode_symlink"}, PAWL_TRIAL_GUARD},
	{"destroying a subvolume", do_ioctl, {"file_ioctl"}, PAWL_TRIAL_GUARD},
	{"the same, in 32 bits", do_ioctl32, {"file_ioctl_compat"}, PAWL_TRIAL_GUARD},
	{"unmounting", do_umount, {"sb_umount"}, PAWL_TRIAL_GUARD},
	{"moving a mount", do_move_mount, {"move_mount"}, PAWL_TRIAL_GUARD},
	{"exchanging the root", do_pivot, {"sb_pivotroot"}, PAWL_TRIAL_GUARD},
	{"an attribute", do_setxattr, {"inode_setxattr"}, PAWL_TRIAL_GUARD},
	{"removing an attribute", do_removexattr, {"inode_removexattr"}, PAWL_TRIAL_GUARD},
	{"an ACL", do_set_acl, {"inode_set_acl"}, PAWL_TRIAL_GUARD},
	{"removing an ACL", do_remove_acl, {"inode_remove_acl"}, PAWL_TRIAL_GUARD},
	{"receiving a file of pawl's", do_receive, {"file_receive"}, PAWL_TRIAL_GUARD},
	{"a datagram to a broker", do_datagram, {"unix_may_send"}, PAWL_TRIAL_GUARD},
	{"asking a broker", do_unix, {"unix_stream_connect"}, PAWL_TRIAL_GUARD},
	{"listening oneself", do_listen, {"socket_listen"}, PAWL_TRIAL_GUARD},
	{"asking a broker by port", do_inet, {"socket_connect"}, PAWL_TRIAL_GUARD},
};
const size_t pawl_guard_trials_n = sizeof(pawl_guard_trials) / sizeof(pawl_guard_trials[0]);
