/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is an agent: at exec the new program's names, its script, its environment, its uid
 * and its cgroup are looked up by hash. A rule whose kinds were all found makes the
 * process the root of a session before its first instruction. Marks of what is watched
 * already are left alone: an agent inside an agent's tree belongs to that tree.
 */
#ifndef PAWL_EXEC_H
#define PAWL_EXEC_H

#include "process.h"

#define EXEC_NAME_MAX 64
#define EXEC_ENV_BYTES 8192

struct exec_scratch {
	u8 found[PAWL_MAX_RULES]; /* kinds found, by rule */
	u16 match;		  /* best rule complete so far, + 1 */
	u16 pad;
	char name[PAWL_PATH_MAX];
	char args[PAWL_ARGS_MAX];
	char env[EXEC_ENV_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

/*
 * Notes that something of this kind was found, for each rule that asks for it. A global
 * function: verified once, not for every byte from which it is called.
 */
__noinline int exec_found(u32 kind, u64 value)
{
	struct pawl_signature_key key = {.kind = kind, .value = value};
	struct pawl_signature *signature;
	struct exec_scratch *scratch;
	u32 zero = 0;

	signature = bpf_map_lookup_elem(&signatures, &key);
	if (!signature)
		return 0;
	scratch = bpf_map_lookup_elem(&exec_scratches, &zero);
	if (!scratch || kind >= PAWL_KIND_MAX)
		return 0;
	for (int i = 0; i < PAWL_RULES_PER_KEY; i++) {
		u32 index = signature->rules[i];
		struct pawl_rule *rule;
		u32 found;

		if (!index)
			break;
		index = (index - 1) & (PAWL_MAX_RULES - 1);
		barrier_var(index); /* or 6.1 loses the bound when it is spilled */
		found = scratch->found[index] | 1 << kind;
		scratch->found[index] = found;
		rule = bpf_map_lookup_elem(&rules, &index);
		if (!rule || !rule->need || (found & rule->need) != rule->need)
			continue;
		if (!scratch->match || index + 1 < scratch->match)
			scratch->match = index + 1;
	}
	return 0;
}

struct hash_walk {
	const char *text;
	u64 hash;
	u32 limit;
};

static long hash_step(u32 index, void *ctx)
{
	struct hash_walk *walk = ctx;
	char byte;

	if (index >= PAWL_ARGS_MAX - 1)
		return 1;
	byte = walk->text[index];
	if (!byte)
		return 1;
	if (byte == '/')
		walk->hash = PAWL_HASH_INIT;
	else
		walk->hash = PAWL_HASH_STEP(walk->hash, byte);
	return 0;
}

/* Hash of the base name of a NUL-terminated path in a buffer of PAWL_ARGS_MAX. */
static __always_inline u64 hash_base(const char *text)
{
	struct hash_walk walk = {.text = text, .hash = opaque(PAWL_HASH_INIT)};

	bpf_loop(PAWL_ARGS_MAX, hash_step, &walk, 0);
	return walk.hash;
}

/* Whether programs of this name run scripts: `rm -rf gemini` is no Gemini CLI. */
static __always_inline bool exec_interprets(u64 name)
{
	struct pawl_signature_key key = {.kind = PAWL_KIND_INTERPRETER, .value = name};

	return bpf_map_lookup_elem(&signatures, &key) != 0;
}

/* Return: whether the path's base name is an interpreter's. */
static __always_inline bool exec_by_path(struct exec_scratch *scratch, u32 kind, const char *path)
{
	u64 hash;

	/* of a path too long for this the file's own name is looked at, not what it was called */
	if (bpf_probe_read_kernel_str(scratch->name, PAWL_ARGS_MAX, path) <= 1)
		return false;
	hash = hash_base(scratch->name);
	exec_found(kind, hash);
	return exec_interprets(hash);
}

/*
 * By the file executed, and by the path that was asked for (a symlink has another name).
 * Return: whether it is an interpreter.
 */
static __always_inline bool exec_by_file(struct exec_scratch *scratch, struct linux_binprm *bprm)
{
	const char *filename = BPF_CORE_READ(bprm, filename);
	const char *interp = BPF_CORE_READ(bprm, interp);
	const unsigned char *name = BPF_CORE_READ(bprm, file, f_path.dentry, d_name.name);
	bool interprets = exec_by_path(scratch, PAWL_KIND_EXE, (const char *)name);

	interprets |= exec_by_path(scratch, PAWL_KIND_EXE, filename);
	if (filename != interp) /* "#!": the file is a script */
		exec_by_path(scratch, PAWL_KIND_SCRIPT, filename);
	return interprets;
}

struct args_walk {
	struct exec_scratch *scratch;
	u64 hash;
	u32 length; /* bytes of args[] */
	u32 index;  /* past the program's own name */
	u32 inside; /* past the argument's first byte */
	u32 option; /* it starts with '-' */
};

/* One byte of the argument block, up to the first argument that is no option: the script. */
static long args_step(u32 index, void *ctx)
{
	struct args_walk *walk = ctx;
	char byte;

	if (index >= PAWL_ARGS_MAX || index >= walk->length)
		return 1;
	byte = walk->scratch->args[index];
	if (!byte) {
		if (walk->index && !walk->option && walk->inside) {
			exec_found(PAWL_KIND_SCRIPT, walk->hash);
			return 1;
		}
		walk->hash = PAWL_HASH_INIT;
		walk->inside = 0;
		walk->option = 0;
		walk->index = 1;
		return 0;
	}
	if (!walk->inside)
		walk->option = byte == '-';
	walk->inside = 1;
	walk->hash = byte == '/' ? PAWL_HASH_INIT : PAWL_HASH_STEP(walk->hash, byte);
	return 0;
}

/* By an interpreter's script: the base name of the first argument that is no option. */
static __always_inline void exec_by_args(struct exec_scratch *scratch, u32 length)
{
	struct args_walk walk = {
		.scratch = scratch,
		.hash = opaque(PAWL_HASH_INIT),
		.length = length,
		.index = opaque(0),
		.inside = opaque(0),
		.option = opaque(0),
	};

	bpf_loop(PAWL_ARGS_MAX, args_step, &walk, 0);
}

/*
 * One byte of the environment: a variable is looked up by its name at '=', and at every
 * byte after it by name and the value so far (NAME=PREFIX*) and at its end (NAME=VALUE).
 * Looking up at each byte of each value would be dear: only values whose name is known.
 */
struct env_state {
	struct exec_scratch *scratch;
	u64 hash;
	u32 length;
	u32 known; /* the variable's name is in some rule */
	u32 value; /* inside its value */
};

static long env_step(u32 index, void *ctx)
{
	struct env_state *walk = ctx;
	char byte;

	if (index >= EXEC_ENV_BYTES || index >= walk->length)
		return 1;
	byte = walk->scratch->env[index];
	if (!byte) {
		if (walk->known)
			exec_found(PAWL_KIND_ENV, PAWL_HASH_STEP(walk->hash, 0));
		walk->hash = PAWL_HASH_INIT;
		walk->known = 0;
		walk->value = 0;
		return 0;
	}
	if (walk->value && !walk->known)
		return 0;
	walk->hash = PAWL_HASH_STEP(walk->hash, byte);
	if (walk->value) {
		exec_found(PAWL_KIND_ENV, walk->hash);
	} else if (byte == '=') {
		struct pawl_signature_key key = {.kind = PAWL_KIND_ENV, .value = walk->hash};

		walk->value = 1;
		walk->known = bpf_map_lookup_elem(&signatures, &key) != 0;
		if (walk->known)
			exec_found(PAWL_KIND_ENV, walk->hash);
	}
	return 0;
}

static __always_inline void exec_by_env(struct exec_scratch *scratch, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, env_start), end = BPF_CORE_READ(mm, env_end);
	struct env_state walk = {
		.scratch = scratch,
		.hash = opaque(PAWL_HASH_INIT),
		.known = opaque(0),
		.value = opaque(0),
	};
	u64 length = end - start;

	if (end <= start)
		return;
	if (length > EXEC_ENV_BYTES)
		length = EXEC_ENV_BYTES;
	if (bpf_probe_read_user(scratch->env, length, (void *)start))
		return;
	walk.length = length;
	bpf_loop(EXEC_ENV_BYTES, env_step, &walk, 0);
}

static __always_inline void exec_by_scope(void)
{
	exec_found(PAWL_KIND_UID, current_uid());
	for (int level = 0; level < PAWL_CGROUP_DEPTH; level++) {
		u64 cgroup = bpf_get_current_ancestor_cgroup_id(level);

		if (!cgroup)
			break;
		exec_found(PAWL_KIND_CGROUP, cgroup);
	}
}

static __always_inline u32 exec_read_args(char *args, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	u64 length = end - start;

	if (end <= start)
		return 0;
	if (length > PAWL_ARGS_MAX)
		length = PAWL_ARGS_MAX;
	if (bpf_probe_read_user(args, length, (void *)start))
		return 0;
	return length;
}

/* Return: the mark of a new session's root, or NULL where no rule is complete. */
static __always_inline struct pawl_task *exec_match(struct linux_binprm *bprm, struct mm_struct *mm)
{
	u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratches, &zero);

	if (!scratch)
		return 0;
	__builtin_memset(scratch->found, 0, sizeof(scratch->found));
	scratch->match = 0;
	if (exec_by_file(scratch, bprm))
		exec_by_args(scratch, exec_read_args(scratch->args, mm));
	if (shared.env_rules)
		exec_by_env(scratch, mm);
	if (shared.scope_rules)
		exec_by_scope();
	return scratch->match ? session_begin(scratch->match - 1) : 0;
}

static __always_inline void exec_tell(const struct pawl_task *mark, struct linux_binprm *bprm,
				      struct mm_struct *mm)
{
	struct pawl_exec_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	struct task_struct *task = bpf_get_current_task_btf();

	if (!event) {
		count(PAWL_COUNT_LOST_EVENTS);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	head(&event->h, PAWL_EVENT_EXEC, sizeof(*event), mark);
	event->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	event->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = current_uid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_probe_read_kernel_str(event->exe, sizeof(event->exe), BPF_CORE_READ(bprm, filename));
	event->args_len = exec_read_args(event->args, mm);
	send(event);
}

static __always_inline int process_exec(struct linux_binprm *bprm)
{
	struct mm_struct *mm = BPF_CORE_READ(bpf_get_current_task_btf(), mm);
	struct pawl_task *mark = task_current();

	if (!live())
		return 0;
	if (!mark || !session_of(mark)) /* a mark of a session that is gone is none */
		mark = exec_match(bprm, mm);
	if (mark)
		exec_tell(mark, bprm, mm);
	return 0;
}

#endif
