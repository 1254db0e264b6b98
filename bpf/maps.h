/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps, the knobs set before load, and the two ways a record leaves the kernel. */
#ifndef PAWL_MAPS_H
#define PAWL_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"

#define EPERM 1
#define EINTR 4
#define ERESTARTNOINTR 513
#define SIGKILL 9
#define SIGSTOP 19
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

/* Who is watched: one failed look-up here is all that a bystander pays. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pawl_task);
} tasks SEC(".maps");

/* Who asks a socket on which its own session listens asks nobody outside. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PAWL_MAX_LISTENERS);
	__type(key, u64);   /* inode number of the socket */
	__type(value, u32); /* id of the session */
} listeners SEC(".maps");

/* Sessions by slot; shared with pawld by mmap. Slot 0 is the one for those too many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PAWL_MAX_SESSIONS);
	__type(key, u32);
	__type(value, struct pawl_session);
} sessions SEC(".maps");

/* By slot: the operation that caused the session's last hold. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PAWL_MAX_SESSIONS);
	__type(key, u32);
	__type(value, struct pawl_operation);
} trips SEC(".maps");

/* What is stopped now. pawld resumes from here, never from a record that may be lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PAWL_MAX_HELD);
	__type(key, u64); /* PAWL_HELD_KEY */
	__type(value, struct pawl_held);
} holds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PAWL_MAX_DIRS);
	__type(key, struct pawl_dir_key);
	__type(value, struct pawl_dir);
} dirs SEC(".maps");

/* Agents' signatures: hashed names, uids, cgroups; and the rules they add up to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PAWL_MAX_SIGNATURES);
	__type(key, struct pawl_signature_key);
	__type(value, struct pawl_signature);
} signatures SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PAWL_MAX_RULES);
	__type(key, u32);
	__type(value, struct pawl_rule);
} rules SEC(".maps");

/* Addresses of brokers, by hash; a hash of PAWL_HASH_STEP(…, '*') is that of a beginning. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PAWL_MAX_BROKERS * 16);
	__type(key, u64);
	__type(value, u32); /* index in broker_terms */
} brokers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PAWL_MAX_BROKERS);
	__type(key, u32);
	__type(value, struct pawl_broker);
} broker_terms SEC(".maps");

/* Files and directories where an operation is more than one on a file. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PAWL_MAX_PLACES);
	__type(key, struct pawl_place_key);
	__type(value, struct pawl_place);
} places SEC(".maps");
/* Names of agents and profiles. The programs do not look; pawld does when it starts again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PAWL_MAX_SESSIONS + PAWL_MAX_RULES);
	__type(key, u32);
	__type(value, struct pawl_label);
} labels SEC(".maps");

/* Telemetry: may be lost, is counted, wakes pawld when a quarter is full. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* --ring-kib */
} events SEC(".maps");

/* Verdicts: wake pawld at once. What is lost here is found in `holds` and `sessions`. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} verdicts SEC(".maps");

/* Knobs, constant once loaded. */
const volatile __u32 wake_bytes = 1 << 18;		   /* a quarter of `events` */
const volatile __u8 syscalls[PAWL_SYSCALL_NUMBERS];	   /* enum pawl_syscall by number */
const volatile __u8 compat_syscalls[PAWL_SYSCALL_NUMBERS]; /* the same, 32-bit system calls */

const volatile __u64 generation; /* these programs are live while shared.generation is the same */

/* A map of its own, so that it can be pinned and taken over. */
struct pawl_shared shared SEC(".data.shared") = {};

/*
 * Programs of two builds may be attached at once: one of them is live. While one takes over
 * from the other both are, for newer ones may run before older ones on the same hook: what
 * both see must count once. path_* arms and the first inode_* consumes; a task's end is noted.
 */
static __always_inline bool live(void)
{
	u64 now = *(volatile __u64 *)&shared.generation;

	if (now == generation)
		return true;
	if (!(now & PAWL_HANDOVER))
		return false;
	now &= ~PAWL_HANDOVER;
	return now == generation || now + 1 == generation;
}

/*
 * A value that the verifier cannot know. Before 6.7 (ab5cfac139ab) it checked the callback
 * of bpf_loop() for its first turn only, and threw away what that turn cannot reach: state
 * that starts from a constant must not look like one.
 */
static __always_inline __u64 opaque(__u64 value)
{
	return value + *(volatile __u64 *)&shared.nothing;
}

static __always_inline void count(enum pawl_counter counter)
{
	__sync_fetch_and_add(&shared.counters[counter], 1);
}

static __always_inline void head(struct pawl_header *h, u16 type, u16 size,
				 const struct pawl_task *task)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();

	h->type = type;
	h->size = size;
	h->id = task->id;
	h->slot = task->slot;
	h->cookie = task->cookie;
	h->at_ns = bpf_ktime_get_ns();
	h->tgid = pid_tgid >> 32;
	h->tid = (u32)pid_tgid;
	h->flags = 0;
}

static __always_inline void send(void *record)
{
	u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	count(PAWL_COUNT_EVENTS);
	bpf_ringbuf_submit(record, waiting >= wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline void send_now(void *record)
{
	count(PAWL_COUNT_EVENTS);
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

/*
 * What runs in between is not interrupted by another task of its CPU. The verifier of 6.12 lets it
 * call no function that is verified apart, that of 6.18 does: these have the last of the three.
 */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;
extern int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __weak __ksym;

static __always_inline void hold_cpu(void)
{
	if (bpf_res_spin_lock && bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void release_cpu(void)
{
	if (bpf_res_spin_lock && bpf_preempt_enable)
		bpf_preempt_enable();
}

#endif
