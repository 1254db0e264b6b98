/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where an operation lands: on pawl's own files, on what holds them, or where somebody outside
 * the tree will run what is written. By device and inode number: names do not matter.
 */
#ifndef PAWL_PLACES_H
#define PAWL_PLACES_H

#include "verdict.h"

#define PLACE_DEPTH 4 /* how far below a marked directory is looked for it */

#define FMODE_CREATED 0x100000
#define O_TRUNC 01000
#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFREG 0100000

#define BINFMT_MAGIC 0x42494e4d
#define OVERLAYFS_MAGIC 0x794c7630
#define CGROUP_MAGIC 0x0027e0eb
#define CGROUP2_MAGIC 0x63677270
#define DEBUGFS_MAGIC 0x64626720
#define PROC_MAGIC 0x9fa0
#define SECURITYFS_MAGIC 0x73636673
#define SYSFS_MAGIC 0x62656572
#define TRACEFS_MAGIC 0x74726163

static __always_inline struct pawl_place *place_of_inode(struct inode *inode)
{
	struct pawl_place_key key = {};

	if (!inode)
		return 0;
	key.dev = dev_of(BPF_CORE_READ(inode, i_sb, s_dev));
	key.ino = BPF_CORE_READ(inode, i_ino);
	return bpf_map_lookup_elem(&places, &key);
}

/* Names of files in the kernel's own file systems that are more than a setting. */
#define NAME_BYTES PAWL_PLACE_NAME_BYTES

static __always_inline void name_of(struct dentry *dentry, char name[NAME_BYTES])
{
	__builtin_memset(name, 0, NAME_BYTES);
	bpf_probe_read_kernel_str(name, NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
}

/*
 * What will be at a name, whatever is there now: what has no file yet, or gets another one, is
 * known by the directory and its name in it.
 */
static __always_inline struct pawl_place *place_of_name(struct dentry *dentry,
							struct dentry *parent)
{
	struct inode *dir = BPF_CORE_READ(parent, d_inode);
	struct pawl_place *place = place_of_inode(dir);
	struct pawl_place_key key = {};
	char name[NAME_BYTES];

	if (!place || !(place->flags & PAWL_PLACE_NAMES))
		return 0;
	name_of(dentry, name);
	key.ino = PAWL_HASH_INIT;
	for (int i = 0; i < NAME_BYTES; i++) {
		if (!name[i])
			break;
		key.ino = PAWL_HASH_STEP(key.ino, name[i]);
	}
	key.ino ^= BPF_CORE_READ(dir, i_ino);
	key.dev = PAWL_PLACE_NAMED | dev_of(BPF_CORE_READ(dir, i_sb, s_dev));
	return bpf_map_lookup_elem(&places, &key);
}

/*
 * What a dentry is, and what it lies in. ABOVE is told of the dentry itself only: moving a
 * directory matters to what is below it, changing a file beside that does not.
 */
__noinline u64 place_found(u64 start)
{
	struct dentry *dentry = (void *)start, *parent;
	u32 flags = 0, broker = 0;

	for (int i = 0; i < PLACE_DEPTH; i++) {
		struct pawl_place *place = place_of_inode(BPF_CORE_READ(dentry, d_inode));

		parent = BPF_CORE_READ(dentry, d_parent);
		if ((!place || !(place->flags & PAWL_PLACE_KINDS)) && parent != dentry)
			place = place_of_name(dentry, parent);
		if (place) {
			flags |= place->flags &
				 (i ? PAWL_PLACE_KINDS & ~PAWL_PLACE_ABOVE : PAWL_PLACE_KINDS);
			if (place->flags & PAWL_PLACE_SPOOL)
				broker = place->broker;
		}
		if (flags & ~PAWL_PLACE_ABOVE || parent == dentry)
			break;
		dentry = parent;
	}
	return (u64)broker << 32 | flags;
}

static __always_inline u32 place_of(struct dentry *dentry, u32 *ret_broker)
{
	u64 start, found;

	/* a global function takes numbers: a pointer that has been read is one */
	bpf_probe_read_kernel(&start, sizeof(start), &dentry);
	found = place_found(start);
	if (ret_broker)
		*ret_broker = found >> 32;
	return (u32)found;
}

#define TEMPORARY_DEPTH 1024
#define TEMPORARY_UNKNOWN (~0ULL) /* deeper than that: no other place is the same */

struct temporary_walk {
	struct dentry *dentry;
	u64 ino;
	u64 index;
};

static long temporary_step(u32 turn, void *ctx)
{
	struct temporary_walk *walk = ctx;
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct pawl_place *place = place_of_inode(inode);

	if (place && place->flags & PAWL_PLACE_TEMP) {
		walk->ino = BPF_CORE_READ(inode, i_ino);
		walk->index = place->broker;
		return 1;
	}
	if (parent == dentry) {
		walk->ino = 0;
		return 1;
	}
	walk->dentry = parent;
	return 0;
}

/* The nearest temporary place that @dir is, or lies in, by its inode number; 0: there is none. */
static __noinline u64 temporary_of(struct dentry *dir, u32 *ret_index)
{
	struct temporary_walk walk = {
		.dentry = dir, .ino = opaque(TEMPORARY_UNKNOWN), .index = opaque(PAWL_MAX_PLACES)};

	bpf_loop(TEMPORARY_DEPTH, temporary_step, &walk, 0);
	*ret_index = walk.index;
	return walk.ino;
}

/* Moving or removing @dentry would reach pawl's own. */
static __always_inline bool place_is_own(struct dentry *dentry)
{
	return place_of(dentry, 0) & (PAWL_PLACE_OWN | PAWL_PLACE_ABOVE);
}

/* clang-14 makes a call of __builtin_memcmp() here, and there is nothing to call. */
static __always_inline bool name_equals(const char *name, const char *literal, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		if (name[i] != literal[i])
			return false;
	}
	return true;
}
#define NAME_IS(name, literal) name_equals(name, literal, sizeof(literal))

#endif
