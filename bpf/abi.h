/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one header that both sides include: what the BPF programs and pawld say
 * to each other. Fixed-width types, explicit padding, sizes asserted below.
 *
 * Clocks: every *_ns is CLOCK_MONOTONIC (bpf_ktime_get_ns), except start_ns of
 * a process, which is CLOCK_BOOTTIME, as field 22 of /proc/PID/stat counts it.
 */
#ifndef PAWL_ABI_H
#define PAWL_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define PAWL_ABI_VERSION 5

/* Limits, each with what happens when it is reached. */
#define PAWL_MAX_SESSIONS 4096	 /* further agents share slot 0, which denies */
#define PAWL_MAX_HELD 16384	 /* further operations get EPERM instead of a hold */
#define PAWL_MAX_RULES 256	 /* refused when the policy is loaded */
#define PAWL_MAX_SIGNATURES 2048 /* likewise */
#define PAWL_RULES_PER_KEY 8	 /* likewise */
#define PAWL_MAX_DIRS 16384	 /* least recently used aggregates are dropped */
#define PAWL_PATH_MAX 512	 /* longer paths lose their head, marked "…" in user space */
#define PAWL_PATH_SLACK 256
#define PAWL_ARGS_MAX 256 /* longer argument blocks are cut */
#define PAWL_COMM_LEN 16
#define PAWL_DECISIONS 16 /* decisions a session remembers; older ones read as deny */
#define PAWL_CGROUP_DEPTH 16
#define PAWL_MAX_PLACES 1024	/* refused when they are marked */
#define PAWL_MAX_LISTENERS 4096 /* asking the one that was asked longest ago is reported */
#define PAWL_MAX_BROKERS 64	/* likewise, when the policy is loaded */
#define PAWL_GUARDS 4		/* processes of pawld's own that a tree cannot touch */

/* What an operation does. Order is part of the ABI. */
enum pawl_class {
	PAWL_CLASS_NONE = 0,
	PAWL_CLASS_DELETE,
	PAWL_CLASS_RMDIR,
	PAWL_CLASS_REPLACE,
	PAWL_CLASS_TRUNCATE,
	PAWL_CLASS_RING,      /* an io_uring was created where its requests cannot be counted */
	PAWL_CLASS_OVERWRITE, /* a file with content was opened to be written in place */
	PAWL_CLASS_ACCESS,    /* mode, owner or attributes changed */
	PAWL_CLASS_WIPE,      /* a block device opened for writing, or asked to discard */
	PAWL_CLASS_MOUNT,     /* mounted over, unmounted, moved, root exchanged */
	PAWL_CLASS_KERNEL,    /* module, kexec, raw memory, system request, helper of the kernel */
	PAWL_CLASS_BROKER,    /* asked somebody outside the tree to act for it */
	PAWL_CLASS_TAMPER,    /* reached for pawl itself */
	PAWL_CLASS_MAX,
};

#define PAWL_OPS 16 /* counters by class; a power of two, for the verifier */

/*
 * What is spent from. Directories are counted apart, so that a nested tree costs what its
 * files cost. Classes without a bucket have no budget: the first one is past it.
 */
enum pawl_bucket {
	PAWL_BUCKET_FILES = 0,
	PAWL_BUCKET_DIRS,
	PAWL_BUCKET_ACCESS,
	PAWL_BUCKET_OVERWRITES,
	PAWL_BUCKET_MAX, /* a power of two, for the verifier */
};

/* What exactly was attempted, in struct pawl_operation.detail; 0: its class says all. */
enum pawl_detail {
	PAWL_DETAIL_NONE = 0,
	/* MOUNT */
	PAWL_DETAIL_MOUNT,
	PAWL_DETAIL_UMOUNT,
	PAWL_DETAIL_MOVE_MOUNT,
	PAWL_DETAIL_PIVOT_ROOT,
	/* WIPE */
	PAWL_DETAIL_OPEN_DEVICE,
	PAWL_DETAIL_DISCARD,
	PAWL_DETAIL_SUBVOLUME,
	PAWL_DETAIL_SHUTDOWN,
	PAWL_DETAIL_PASSTHROUGH, /* SCSI or NVMe commands */
	/* TRUNCATE */
	PAWL_DETAIL_FALLOCATE,
	/* KERNEL */
	PAWL_DETAIL_MODULE,
	PAWL_DETAIL_KEXEC,
	PAWL_DETAIL_MEMORY,
	PAWL_DETAIL_SYSRQ,
	PAWL_DETAIL_BPF_PROGRAM,
	PAWL_DETAIL_TRACING,
	PAWL_DETAIL_HOTPLUG, /* a device taken from its driver */
	PAWL_DETAIL_HELPER,  /* core_pattern, modprobe, binfmt_misc, release_agent */
	/* BROKER */
	PAWL_DETAIL_CONNECT,
	PAWL_DETAIL_SPOOL,
	PAWL_DETAIL_PTRACE,
	/* TAMPER */
	PAWL_DETAIL_SIGNAL,
	PAWL_DETAIL_TRACE,
	PAWL_DETAIL_LIMITS,
	PAWL_DETAIL_BPF_OBJECT,
	PAWL_DETAIL_FILE,
	PAWL_DETAIL_CGROUP, /* and KERNEL: processes moved between control groups */
	/* KERNEL */
	PAWL_DETAIL_REBOOT,
	PAWL_DETAIL_SETTING, /* what pawl itself needs to be as it is */
	/* DELETE, though nothing was: moved into a temporary place, whose index is in .broker */
	PAWL_DETAIL_MOVED,
	PAWL_DETAIL_MOVED_DIR, /* with what is in it, which pawld counts while it is held */
	/* RING: pawld is to attach what comes before fallocate(2), and goes on by itself */
	PAWL_DETAIL_UNHOOKED,
	PAWL_DETAIL_MAX,
};

/* What happens to an operation past the budget. Order is part of the ABI. */
enum pawl_action {
	PAWL_ACTION_OBSERVE = 0,
	PAWL_ACTION_HOLD,
	PAWL_ACTION_DENY,
	PAWL_ACTION_KILL,
	PAWL_ACTION_MAX,
};

enum pawl_backend {
	PAWL_BACKEND_NONE = 0,
	PAWL_BACKEND_LSM,
	PAWL_BACKEND_FMOD_RET,
	PAWL_BACKEND_TRACEPOINT,
	PAWL_BACKEND_MAX,
};

/*
 * The word of a session: state in the low byte, number of the last hold above
 * it. One atomic exchange moves both, so a decision can never be read as the
 * answer to another hold.
 */
enum pawl_state {
	PAWL_STATE_FREE = 0, /* the slot is unused */
	PAWL_STATE_CLAIMED,  /* being filled in */
	PAWL_STATE_RUNNING,
	PAWL_STATE_HELD,
	PAWL_STATE_KILLED,
	PAWL_STATE_DETACHED,
};
#define PAWL_WORD(state, seq) (((__u64)(seq) << 8) | (state))
#define PAWL_WORD_STATE(word) ((word)&0xff)
#define PAWL_WORD_SEQ(word) ((word) >> 8)

/* What a profile of the policy says, as the kernel takes it. */
struct pawl_terms {
	__u64 limit[PAWL_BUCKET_MAX];  /* operations a window */
	__u64 per_ms[PAWL_BUCKET_MAX]; /* length of a window */
	__u8 action[PAWL_OPS];	       /* enum pawl_action past the budget, by class */
};

/* How a hold was resolved; what a restarted system call finds. */
enum pawl_decision {
	PAWL_DECIDE_DENY = 0, /* EPERM, once */
	PAWL_DECIDE_ALLOW,    /* the held operation passes */
	PAWL_DECIDE_RETRY,    /* judged afresh */
};
/* With one of them: so the operation that opened the hold; all others are judged afresh. */
#define PAWL_DECIDE_ONE 4

/*
 * A bucket's window in one word, so that spending is one compare-and-swap:
 * milliseconds of its first operation << PAWL_SPENT_BITS | operations spent.
 */
#define PAWL_SPENT_BITS 24
#define PAWL_SPENT_MASK ((1ULL << PAWL_SPENT_BITS) - 1)
#define PAWL_SPENT_MAX (PAWL_SPENT_MASK - 1)

/*
 * A path as the kernel walked it. Walked from the last component to the root, it is
 * filled from text[PAWL_PATH_MAX - 1] (always NUL) backwards; the slack behind is there
 * so that the verifier can see every write inside.
 */
struct pawl_path {
	__u16 start; /* offset of the first byte in text[] */
	__u16 flags; /* PAWL_PATH_* */
	__u32 pad;
	char text[PAWL_PATH_MAX + PAWL_PATH_SLACK];
};
#define PAWL_PATH_CUT 1	     /* deeper or longer than could be walked */
#define PAWL_PATH_RELATIVE 2 /* as the program gave it, relative to an unknown place */
#define PAWL_PATH_TARGET 4   /* of an operation's target where a directory is meant */

/* One operation as it is shown to people. */
struct pawl_operation {
	__u64 at_ns;
	__u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	__u64 dev;	/* of the target, as in stat(2): makedev(major, minor); 0: not known */
	__u64 ino;
	__u32 tgid;
	__u32 tid;
	__u32 class; /* enum pawl_class */
	__u32 uid;
	__u32 detail; /* enum pawl_detail */
	__u32 broker; /* BROKER: its index in the policy; MOVED*: that of the temporary place */
	char comm[PAWL_COMM_LEN];
	struct pawl_path path;
};

/*
 * A session, in an array mapped into pawld. The kernel writes what is marked
 * K, pawld what is marked U, both by atomic operations on whole words.
 */
struct pawl_session {
	__u64 word;			 /* K U: PAWL_WORD */
	__u64 spent[PAWL_BUCKET_MAX];	 /* K; U: 0 grants a fresh budget; what was counted */
	struct pawl_terms terms;	 /* U */
	__u64 free_until_ns;		 /* U: no limit before this */
	__u64 deny_until_ns;		 /* U: no budget before this */
	__u64 ops[PAWL_OPS];		 /* K: operations that had their effect, by class; U */
	__u64 stopped;			 /* K: operations held, denied or killed */
	__u64 live;			 /* K: tasks alive (threads count) */
	__u64 decisions[PAWL_DECISIONS]; /* U: PAWL_DECIDE_* of hold seq % PAWL_DECISIONS */
	__u64 root_start_ns;		 /* of the root process, CLOCK_BOOTTIME */
	__u32 id;			 /* s<id>; 0 only in slot 0 */
	__u32 root_tgid;
	__u32 rule;	/* index of the matching rule; PAWL_RULE_* */
	__u32 rings;	/* U: 1: io_uring was approved for this session */
	__u64 observed; /* K: the window in which being over was said, under observe */
	__u64 trip_seq; /* K: the hold that the session's entry in `trips` tells of */
};
#define PAWL_RULE_RUN 0xfffffffe /* pawl run, pawl attach */
#define PAWL_RULE_SELFTEST 0xfffffffd
#define PAWL_RULE_SHARED 0xfffffffc /* slot 0 */

/* Task storage: what makes a task watched. Inherited by every new task. */
struct pawl_task {
	__u64 cookie;	/* of the process; never reused */
	__u64 held_seq; /* the hold in which this task's operation stopped; 0: none */
	__u64 held_dev; /* that operation's target */
	__u64 held_ino;
	__u64 armed_mnt; /* struct vfsmount * of the path hook that came before; text only */
	__u64 tp_path;	 /* tracepoint backend: user address of the path argument */
	__u64 tp_spent;	 /* the window word's start at which the operation was reserved */
	__u32 held_class;
	__u32 slot;
	__u32 id;	   /* of the session; a slot whose id differs was given to another one */
	__u32 armed_class; /* path_* fired, inode_* is to count it once */
	__u32 tp_class;	   /* tracepoint backend: class of the system call in flight */
	__s32 tp_dirfd;
	__u32 tp_flags; /* PAWL_TP_* */
	__u32 tp_detail;
	__u32 mount_ns; /* inode number of the mount namespace that it joined; PAWL_MOUNT_NS_* */
	__u32 pad;
};
#define PAWL_MOUNT_NS_JOINS 1 /* it is about to: which one is seen when it has */

#define PAWL_TP_RESERVED 1 /* the operation is in the budget already */
#define PAWL_TP_OVER 2	   /* it was the last one that the budget allows, or past it */
#define PAWL_TP_EFFECT 8   /* it succeeded */
#define PAWL_TP_OPENED 4   /* its result is a descriptor, which tells what was opened */
#define PAWL_TP_EMPTIED 16 /* with O_TRUNC */
#define PAWL_TP_ASKED 32   /* a connection: the descriptor in tp_dirfd tells with whom */
#define PAWL_TP_ENDED 64   /* the task's end was counted */

/*
 * What a system call takes, for the tracepoint backend. pawld fills the tables of numbers,
 * so that the architecture's own headers decide them.
 */
enum pawl_syscall {
	PAWL_SYSCALL_NONE = 0,
	PAWL_SYSCALL_UNLINK,
	PAWL_SYSCALL_UNLINKAT,
	PAWL_SYSCALL_RMDIR,
	PAWL_SYSCALL_RENAME,
	PAWL_SYSCALL_RENAMEAT,
	PAWL_SYSCALL_RENAMEAT2,
	PAWL_SYSCALL_TRUNCATE,
	PAWL_SYSCALL_FTRUNCATE,
	PAWL_SYSCALL_OPEN,
	PAWL_SYSCALL_CREAT,
	PAWL_SYSCALL_OPENAT,
	PAWL_SYSCALL_OPEN_HANDLE,
	PAWL_SYSCALL_OPENAT2,
	PAWL_SYSCALL_FALLOCATE,
	PAWL_SYSCALL_CHMOD,
	PAWL_SYSCALL_FCHMOD,
	PAWL_SYSCALL_FCHMODAT,
	PAWL_SYSCALL_CHOWN,
	PAWL_SYSCALL_FCHOWN,
	PAWL_SYSCALL_FCHOWNAT,
	PAWL_SYSCALL_MOUNT,
	PAWL_SYSCALL_UMOUNT,
	PAWL_SYSCALL_MOVE_MOUNT,
	PAWL_SYSCALL_PIVOT_ROOT,
	PAWL_SYSCALL_SWAPON,
	PAWL_SYSCALL_IOCTL,
	PAWL_SYSCALL_MODULE,
	PAWL_SYSCALL_KEXEC,
	PAWL_SYSCALL_BPF,
	PAWL_SYSCALL_CONNECT,
	PAWL_SYSCALL_SIGNAL,	   /* a process id comes first, the signal second */
	PAWL_SYSCALL_SIGNAL_TASK,  /* process, task, signal */
	PAWL_SYSCALL_SIGNAL_PIDFD, /* a pidfd comes first */
	PAWL_SYSCALL_TRACE,	   /* a process id comes second */
	PAWL_SYSCALL_TRACE_MEMORY, /* it comes first */
	PAWL_SYSCALL_TRACE_PIDFD,  /* a pidfd does */
	PAWL_SYSCALL_LIMITS,	   /* a process id comes first */
	PAWL_SYSCALL_PRIORITY,	   /* it comes second */
	PAWL_SYSCALL_MAX,
};
#define PAWL_SYSCALL_NUMBERS 512

/* A rule of an agent: all kinds set in .need must be found. */
enum pawl_kind {
	PAWL_KIND_EXE = 0, /* base name of the file executed, or of the path given */
	PAWL_KIND_SCRIPT,  /* base name of a script: by "#!", or given to an interpreter */
	PAWL_KIND_ENV,	   /* environment: NAME, NAME=VALUE or NAME=PREFIX* */
	PAWL_KIND_UID,
	PAWL_KIND_CGROUP,
	PAWL_KIND_MAX,
	PAWL_KIND_INTERPRETER, /* of no rule: its first arguments may be a script */
};
struct pawl_rule {
	__u32 need; /* 1 << enum pawl_kind; 0: rule is unused */
	__u32 pad;
	struct pawl_terms terms;
};
struct pawl_signature_key {
	__u32 kind;
	__u32 pad;
	__u64 value; /* pawl_hash() of a name, a uid, a cgroup id */
};
struct pawl_signature {
	__u16 rules[PAWL_RULES_PER_KEY]; /* index + 1; 0: end */
};

/* FNV-1a, 64 bits, one byte. Both sides hash names with it. */
#define PAWL_HASH_INIT 0xcbf29ce484222325ULL
#define PAWL_HASH_STEP(hash, byte) (((hash) ^ (__u8)(byte)) * 0x100000001b3ULL)

/* An operation that is stopped, keyed by PAWL_HELD_KEY. */
#define PAWL_HELD_KEY(tid, seq) (((__u64)(tid) << 32) | (__u32)(seq))
struct pawl_held {
	__u64 seq;
	__u64 since_ns;
	__u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	__u64 cookie;
	__u32 slot;
	__u32 id;
	__u32 tgid;
	__u32 tid;
	__u32 class;
	__u32 flags; /* PAWL_HELD_* */
};
#define PAWL_HELD_WORKER 1	/* an io_uring worker: refused, its process stopped */
#define PAWL_HELD_AFTER 2	/* tracepoint: stopped after its system call */
#define PAWL_HELD_PROVISIONAL 4 /* tracepoint: budget reserved to the last, not yet spent */

/* Operations of one session in one directory below the budget. */
struct pawl_dir_key {
	__u32 id;
	__u32 class;
	__u64 dev;
	__u64 ino;
	__u64 hash; /* of the path's directory part where the inode is that of its base */
};
struct pawl_dir {
	__u64 count;
	__u64 first_ns;
	__u64 last_ns;
};

/* Records in the ring buffers. The header says which. */
enum pawl_event {
	PAWL_EVENT_FORK = 1,
	PAWL_EVENT_EXEC,
	PAWL_EVENT_EXIT,
	PAWL_EVENT_SESSION, /* an agent was found */
	PAWL_EVENT_DIR,	    /* first operation of a session in a directory: names it */
	PAWL_EVENT_VERDICT, /* over the budget: the only record that wakes user space at once */
	PAWL_EVENT_STOPPED, /* one more task stopped under an open hold */
	PAWL_EVENT_MAX,
};
struct pawl_header {
	__u16 type; /* enum pawl_event */
	__u16 size; /* of the whole record */
	__u32 id;   /* session */
	__u64 at_ns;
	__u64 cookie; /* process */
	__u32 tgid;
	__u32 tid;
	__u32 slot;
	__u32 flags; /* FORK: PAWL_FORK_* */
};
#define PAWL_FORK_ALLOCATED 1 /* the task was marked when it was allocated */
struct pawl_fork_event {
	struct pawl_header h; /* of the child */
	__u64 parent_cookie;
	__u64 start_ns;
	__u32 parent_tgid;
	__u32 uid;
	char comm[PAWL_COMM_LEN];
};
struct pawl_exec_event {
	struct pawl_header h;
	__u64 start_ns;
	__u32 parent_tgid;
	__u32 uid;
	__u32 args_len; /* bytes used in args[], NUL-separated */
	__u32 pad;
	char comm[PAWL_COMM_LEN];
	char exe[PAWL_PATH_MAX]; /* as given to execve */
	char args[PAWL_ARGS_MAX];
};
struct pawl_exit_event {
	struct pawl_header h;
	__u32 code; /* as wait(2) has it */
	__u32 pad;
};
struct pawl_session_event {
	struct pawl_header h;
	__u64 start_ns;
	__u32 rule;
	__u32 uid;
};
struct pawl_dir_event {
	struct pawl_header h;
	struct pawl_dir_key key;
	struct pawl_path path; /* of the directory */
};
struct pawl_verdict_event {
	struct pawl_header h;
	__u64 seq;
	__u32 action; /* enum pawl_action */
	__u32 flags;  /* PAWL_HELD_* */
	struct pawl_operation op;
};
struct pawl_stopped_event {
	struct pawl_header h;
	__u64 seq;
	__u32 flags; /* PAWL_HELD_* */
	__u32 pad;
};

/* Counters for what was lost, in struct pawl_shared. */
enum pawl_counter {
	PAWL_COUNT_EVENTS = 0,	  /* records written */
	PAWL_COUNT_LOST_EVENTS,	  /* telemetry ring full */
	PAWL_COUNT_LOST_VERDICTS, /* verdict ring full: found again by the periodic look */
	PAWL_COUNT_LOST_TASKS,	  /* task storage could not be had: a child went unwatched */
	PAWL_COUNT_LOST_DIRS,	  /* aggregate could not be had */
	PAWL_COUNT_HELD_FULL,	  /* denied because the table of holds was full */
	PAWL_COUNT_SLOTS_FULL,	  /* agents that share slot 0 */
	PAWL_COUNT_SIGNAL_FAILED, /* a stop could not be sent: the operation was denied */
	PAWL_COUNT_RACES,	  /* spending gave up under contention: treated as over */
	PAWL_COUNT_MAX,
};

/* A file or directory that operations of a watched tree on it, or below it, are more than files. */
struct pawl_place_key {
	__u64 dev; /* as in stat(2) */
	__u64 ino;
};
struct pawl_place {
	__u32 flags;  /* PAWL_PLACE_* */
	__u32 broker; /* index of the broker whose spool it is, or of the temporary place */
};
#define PAWL_PLACE_BPF_MAP (~0ULL)	/* .dev of a BPF map of pawl's; .ino is its id */
#define PAWL_PLACE_BPF_PROG (~0ULL - 1) /* likewise, a program */
#define PAWL_PLACE_BPF_LINK (~0ULL - 2) /* likewise, a link */
#define PAWL_PLACE_NAMED (1ULL << 63)	/* in .dev: .ino is the directory's ^ the hash of a name */
#define PAWL_PLACE_NAME_BYTES 24	/* of a name that count, and one less */
#define PAWL_PLACE_OWN 1      /* pawl's own, with what lies below it: denied, as tampering */
#define PAWL_PLACE_ABOVE 2    /* above one of pawl's own: may not be moved or mounted over */
#define PAWL_PLACE_SPOOL 4    /* what is written here, or below, somebody outside will run */
#define PAWL_PLACE_TEXT 8     /* what pawld runs: not written in place */
#define PAWL_PLACE_SCRATCH 16 /* for the self-test, though it lies in one of pawl's own */
#define PAWL_PLACE_NAMES 32   /* a directory in which names are known */
#define PAWL_PLACE_TEMP 64    /* a temporary one: what is moved there, or below, counts as lost */
#define PAWL_PLACE_KINDS 31   /* all but these two */

/*
 * Somebody outside every tree that acts for those who ask, by the address of its socket:
 * pawl_hash() of a path, of "@" and an abstract name, or of a network address as
 * PAWL_HASH_STEP over its bytes and the port, network order. In paths a run of digits is
 * hashed as one '#', and a pattern that ends with '*' stands for all that begin so.
 */
struct pawl_broker {
	__u32 action;	   /* enum pawl_action */
	__u32 root_action; /* the same, asked by uid 0 */
};
/* Those that have no address of their own; the others come after them. */
enum {
	PAWL_BROKER_PTRACE = 0,	 /* a process outside the tree, by ptrace and its kin */
	PAWL_BROKER_SOCKETS = 1, /* a UNIX socket of somebody outside that no other broker has */
	PAWL_BROKERS_FIXED,
};

/*
 * What the programs and pawld share besides the sessions. It is pinned with the maps and
 * outlives both: .abi and .generation come first in every version, for ever.
 */
struct pawl_shared {
	__u64 abi;	    /* U: PAWL_ABI_VERSION of whoever made the maps */
	__u64 generation;   /* U: programs of another generation do nothing; PAWL_HANDOVER */
	__u64 beat_ns;	    /* U: pawld's last sign of life */
	__u64 lease_ns;	    /* U: how old that may be; 0: for ever */
	__u64 next_cookie;  /* K U */
	__u64 alert;	    /* K U: sessions that are held or killed; tracepoint backend */
	__u64 nothing;	    /* 0, for opaque() */
	__u32 next_session; /* K U */
	__u32 next_slot;    /* K U */
	__u32 env_rules;    /* U: 1: some rule looks at the environment */
	__u32 scope_rules;  /* U: 1: some rule is by uid or cgroup */
	__u32 seeding;	    /* U: 1: on_each_task spreads marks to descendants */
	__u32 on_loss;	    /* U: enum pawl_action past the lease: DENY, or OBSERVE to allow */
	__u32 mount_ns[2];  /* U: inode numbers of mount namespaces: PID 1's, and pawld's */
	__u32 backend;	    /* U: enum pawl_backend of the programs that are live */
	__u32 next_hold;    /* U: number of the last hold that is in the log */
	__u32 starts;	    /* U: pawlds that were to come, since the last sign of life */
	__u32 hooked;	    /* U: 1: what comes before fallocate(2) is attached, or cannot be */
	__u32 guards[PAWL_GUARDS]; /* U: process ids that a watched tree cannot touch; 0: none */
	__u64 counters[PAWL_COUNT_MAX]; /* K: what was lost */
};

/*
 * In .generation, with that of the older ones: both these and those of the next generation are
 * live. An operation in flight meets at least one of them.
 */
#define PAWL_HANDOVER (1ULL << 63)

/* What pawld must know again after its own end; by slot, and by PAWL_LABEL_RULE + rule. */
#define PAWL_LABEL_RULE PAWL_MAX_SESSIONS
#define PAWL_LABEL_NAME 32
struct pawl_label {
	__u64 since_ns;
	__u32 id;   /* of the session; another one: the label is of one that is gone */
	__u32 hold; /* number of its last hold */
	__u64 seq;  /* of that hold */
	char agent[PAWL_LABEL_NAME];
	char profile[PAWL_LABEL_NAME];
};

/* What the task iterator writes, one for each watched task. */
struct pawl_task_record {
	__u64 cookie;
	__u64 start_ns;
	__u32 id;
	__u32 slot;
	__u32 tgid;
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	char comm[PAWL_COMM_LEN];
};

#define PAWL_ASSERT_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)
PAWL_ASSERT_SIZE(pawl_path, 776);
PAWL_ASSERT_SIZE(pawl_operation, 848);
PAWL_ASSERT_SIZE(pawl_task, 96);
PAWL_ASSERT_SIZE(pawl_header, 40);
PAWL_ASSERT_SIZE(pawl_held, 56);
PAWL_ASSERT_SIZE(pawl_dir_key, 32);
PAWL_ASSERT_SIZE(pawl_fork_event, 80);
PAWL_ASSERT_SIZE(pawl_exec_event, 848);
PAWL_ASSERT_SIZE(pawl_verdict_event, 904);
PAWL_ASSERT_SIZE(pawl_task_record, 56);
PAWL_ASSERT_SIZE(pawl_session, 448);
PAWL_ASSERT_SIZE(pawl_terms, 80);
PAWL_ASSERT_SIZE(pawl_rule, 88);
_Static_assert(PAWL_CLASS_MAX <= PAWL_OPS, "PAWL_OPS");

#endif
