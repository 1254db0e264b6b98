/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names for people: a dentry's path, walked towards the root of the mount tree.
 * Nothing is decided by a path.
 */
#ifndef PAWL_PATH_H
#define PAWL_PATH_H

#include "maps.h"

#define PATH_DEPTH 48
#define PATH_NAME_MASK 255

struct path_walk {
	struct dentry *dentry;
	struct mount *mount; /* NULL: not known, the walk ends at the file system's root */
	struct pawl_path *path;
	u32 at; /* path->text[at] is the first byte written */
};

/* One step of the walk. Return: 1 at the root, or where the text is full. */
static long path_step(u32 index, void *ctx)
{
	struct path_walk *walk = ctx;
	struct pawl_path *path = walk->path;
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount;
	u32 length, at;

	if (mount && dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount)
			return 1;
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	if (parent == dentry)
		return 1;
	length = BPF_CORE_READ(dentry, d_name.len) & PATH_NAME_MASK;
	if (walk->at < length + 1) {
		path->flags |= PAWL_PATH_CUT;
		return 1;
	}
	at = (walk->at - length - 1) & (PAWL_PATH_MAX - 1);
	barrier_var(at); /* or the compiler computes at + 1 anew, without the mask */
	path->text[at] = '/';
	/* at < PAWL_PATH_MAX, length < PAWL_PATH_SLACK: inside, as the verifier can see */
	bpf_probe_read_kernel(&path->text[at + 1], length, BPF_CORE_READ(dentry, d_name.name));
	walk->at = at;
	walk->dentry = parent;
	if (index == PATH_DEPTH - 1)
		path->flags |= PAWL_PATH_CUT;
	return 0;
}

/*
 * Puts the path of @dentry before what stands at text[at]. @mnt: its struct vfsmount,
 * or NULL.
 */
static __always_inline void path_walk_from(struct pawl_path *path, u32 at, struct dentry *dentry,
					   void *mnt)
{
	struct path_walk walk = {
		.dentry = dentry,
		.path = path,
		.at = opaque(at),
	};

	if (mnt)
		walk.mount = mnt - bpf_core_field_offset(struct mount, mnt);
	bpf_loop(PATH_DEPTH, path_step, &walk, 0);
	if (walk.at == PAWL_PATH_MAX - 1) { /* the root itself */
		walk.at--;
		path->text[PAWL_PATH_MAX - 2] = '/';
	}
	path->start = walk.at;
}

static __noinline int path_clear(struct pawl_path *path)
{
	path->start = PAWL_PATH_MAX - 1;
	path->flags = 0;
	path->pad = 0;
	__builtin_memset(path->text, 0, sizeof(path->text));
	return 0;
}

/* Path of a dentry. @mnt as above. */
static __always_inline void path_of_dentry(struct pawl_path *path, struct dentry *dentry, void *mnt)
{
	path_clear(path);
	path_walk_from(path, PAWL_PATH_MAX - 1, dentry, mnt);
}

/*
 * Path of a name that a program passed to a system call: @name is its user address,
 * @base the dentry that a relative name starts from. Hostile text: for people only.
 */
static __always_inline void path_of_name(struct pawl_path *path, const char *name,
					 struct dentry *base, void *mnt)
{
	char *slack = &path->text[PAWL_PATH_MAX];
	long length;
	u32 at;

	path_clear(path);
	length = bpf_probe_read_user_str(slack, PAWL_PATH_SLACK, name);
	if (length < 1 || length > PAWL_PATH_SLACK) {
		path->flags |= PAWL_PATH_RELATIVE;
		return;
	}
	at = (PAWL_PATH_MAX - length) & (PAWL_PATH_MAX - 1);
	barrier_var(at);
	if (!at)
		return;
	bpf_probe_read_kernel(&path->text[at], length, slack);
	path->start = at;
	if (path->text[at] == '/')
		return;
	at = (at - 1) & (PAWL_PATH_MAX - 1);
	barrier_var(at);
	path->text[at] = '/';
	path->start = at;
	if (base)
		path_walk_from(path, at, base, mnt);
	else
		path->flags |= PAWL_PATH_RELATIVE;
}

#endif
