/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * File operations where the kernel lets them be refused (lsm, fmod_ret). The path_* hooks
 * say that a program asked, and where; the inode_* hooks fire once permissions and types
 * are checked, and again for the layers of a stacked file system. So path_* arms, and the
 * first inode_* after it counts.
 */
#ifndef PAWL_FILES_H
#define PAWL_FILES_H

#include "judge.h"
#include "places.h"

#define ATTR_MODE (1 << 0)
#define ATTR_UID (1 << 1)
#define ATTR_GID (1 << 2)
#define ATTR_SIZE (1 << 3)
#define FALLOCATE_DESTROYS (2 | 8 | 16 | 32) /* punch, collapse, zero, insert */
#define FMODE_WRITE 2
#define SYS_MOUNT 165 /* x86-64 */
#define SYS_MOUNT_32 21
#define SYS_FSCONFIG 431
#define SYS_PROCESS_MADVISE 440
#define RENAME_EXCHANGE 2
#define ARMED_EXCHANGE PAWL_CLASS_MAX /* .armed_class: a rename of two names, by each other's */
#define ARMED_FALLOCATE (PAWL_CLASS_MAX + 1) /* vfs_fallocate(); .armed_mnt is its file */

/* A program asks for an operation in @mnt. */
static __always_inline int files_arm(u32 class, void *mnt)
{
	struct pawl_task *mark = task_current();

	if (!mark)
		return 0;
	mark->armed_class = class;
	mark->armed_mnt = (u64)mnt;
	return 0;
}

static __always_inline int files_arm_rename(u32 flags, void *mnt)
{
	return files_arm(flags & RENAME_EXCHANGE ? ARMED_EXCHANGE : PAWL_CLASS_REPLACE, mnt);
}

/* Takes the arming away. Return: whether the current task was armed for @class. */
static __always_inline bool files_disarm(struct pawl_task *mark, u32 class)
{
	if (mark->armed_class != class)
		return false;
	mark->armed_class = PAWL_CLASS_NONE;
	return true;
}

static __always_inline void files_target(struct attempt *attempt, struct dentry *dentry,
					 struct inode *inode)
{
	attempt->dentry = dentry;
	attempt->ino = BPF_CORE_READ(inode, i_ino);
	attempt->dev = dev_of(BPF_CORE_READ(inode, i_sb, s_dev));
}

static __always_inline int files_tamper(struct pawl_task *mark, struct attempt *attempt)
{
	attempt->class = PAWL_CLASS_TAMPER;
	attempt->detail = PAWL_DETAIL_FILE;
	return judge(mark, attempt);
}

/*
 * An overlay that is mounted empties its work directory, whatever is in it: nobody asked for
 * these deletions by path, but the one who mounts chose them.
 */
static __always_inline bool files_by_mount(u32 class)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	long nr = regs ? SYSCALL_NUMBER(regs) : 0;

	return class == PAWL_CLASS_DELETE &&
	       (nr == SYS_MOUNT || nr == SYS_MOUNT_32 || nr == SYS_FSCONFIG);
}

/* There is no system call to restart whose beginning has had no effect. */
static __always_inline int files_mount_attempt(struct pawl_task *mark, struct attempt *attempt)
{
	return judge(mark, attempt) ? -EPERM : 0;
}

/* The operation that was armed has come to @dentry, and @inode is what it destroys. */
static __always_inline int files_attempt(u32 class, struct dentry *dentry, struct inode *inode)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {.class = class};

	if (!mark || !inode)
		return 0;
	files_target(&attempt, dentry, inode);
	if (!files_disarm(mark, class))
		return files_by_mount(class) ? files_mount_attempt(mark, &attempt) : 0;
	attempt.mnt = (void *)mark->armed_mnt;
	if (place_is_own(dentry))
		return files_tamper(mark, &attempt);
	return judge(mark, &attempt);
}

/* Whether @attempt, by which a name appears at @dentry, is more than that; it then says what. */
static __always_inline bool files_appears(struct attempt *attempt, struct dentry *dentry)
{
	u32 flags = place_of(dentry, &attempt->broker);

	if (flags & (PAWL_PLACE_OWN | PAWL_PLACE_ABOVE)) {
		attempt->class = PAWL_CLASS_TAMPER;
		attempt->detail = PAWL_DETAIL_FILE;
	} else if (flags & PAWL_PLACE_SPOOL) {
		/* what is put into a spool will be run by somebody outside the tree */
		attempt->class = PAWL_CLASS_BROKER;
		attempt->detail = PAWL_DETAIL_SPOOL;
	} else {
		return false;
	}
	return true;
}

/*
 * The name @from goes to @to: what is moved may be pawl's, and so may be where it goes. With a
 * spool moved away, another could be put where it was.
 */
static __always_inline bool files_moves(struct attempt *attempt, struct dentry *from,
					struct dentry *to)
{
	struct inode *moved = BPF_CORE_READ(from, d_inode);
	struct pawl_place *place = place_of_inode(moved);

	files_target(attempt, from, moved);
	if (place_is_own(from)) {
		attempt->class = PAWL_CLASS_TAMPER;
		attempt->detail = PAWL_DETAIL_FILE;
		return true;
	}
	if (place && place->flags & PAWL_PLACE_SPOOL) {
		attempt->class = PAWL_CLASS_BROKER;
		attempt->detail = PAWL_DETAIL_SPOOL;
		attempt->broker = place->broker;
		return true;
	}
	return files_appears(attempt, to);
}

/*
 * Whether it goes into a temporary place, and out of any other: out of the way, where nobody keeps
 * it. Then @attempt is that.
 */
static __always_inline bool files_discards(struct attempt *attempt, struct dentry *from,
					   struct dentry *to)
{
	struct dentry *old_dir = BPF_CORE_READ(from, d_parent), *dir = BPF_CORE_READ(to, d_parent);
	struct inode *moved = BPF_CORE_READ(from, d_inode);
	u32 index = 0, old_index = 0;
	u64 place;

	if (old_dir == dir || !moved)
		return false;
	place = temporary_of(dir, &index);
	if (!place || place == temporary_of(old_dir, &old_index))
		return false;
	attempt->class = PAWL_CLASS_DELETE;
	attempt->broker = index;
	attempt->detail = (BPF_CORE_READ(moved, i_mode) & S_IFMT) == S_IFDIR ? PAWL_DETAIL_MOVED_DIR
									     : PAWL_DETAIL_MOVED;
	files_target(attempt, from, moved);
	return true;
}

/* What is moved into a temporary place is lost, and what a rename replaces. */
static __always_inline int files_rename(struct dentry *old_dentry, struct dentry *new_dentry)
{
	struct inode *lost = BPF_CORE_READ(new_dentry, d_inode);
	struct pawl_task *mark = task_current();
	struct attempt attempt = {};
	bool exchange;
	int ret;

	if (!mark)
		return 0;
	exchange = files_disarm(mark, ARMED_EXCHANGE);
	if (!exchange && !files_disarm(mark, PAWL_CLASS_REPLACE))
		return 0;
	/* one of these at most: each would be judged afresh whenever the other was held */
	attempt.mnt = (void *)mark->armed_mnt;
	if (files_moves(&attempt, old_dentry, new_dentry) ||
	    (exchange && files_moves(&attempt, new_dentry, old_dentry)) ||
	    files_discards(&attempt, old_dentry, new_dentry) ||
	    (exchange && files_discards(&attempt, new_dentry, old_dentry))) {
		ret = judge(mark, &attempt);
		/* a directory takes the place of an empty one alone, or of one that is not lost */
		if (ret || attempt_is_uncounted(&attempt))
			return ret;
	}
	if (!lost)
		return 0;
	attempt = (struct attempt){.class = PAWL_CLASS_REPLACE, .mnt = attempt.mnt};
	files_target(&attempt, new_dentry, lost);
	return judge(mark, &attempt);
}

/* A file, directory or device node @dentry is made: in one of pawl's own, no name may appear. */
static __always_inline int files_make(struct inode *dir, struct dentry *dentry)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {};

	if (!mark || !place_is_own(dentry))
		return 0;
	files_target(&attempt, dentry, dir);
	return files_tamper(mark, &attempt);
}

/* A symbolic or hard link @dentry is made. */
static __always_inline int files_link(struct inode *dir, struct dentry *dentry)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {};

	if (!mark)
		return 0;
	files_target(&attempt, dentry, dir);
	return files_appears(&attempt, dentry) ? judge(mark, &attempt) : 0;
}

static __noinline bool setattr_changes(struct inode *inode, struct iattr *attr)
{
	u32 valid = BPF_CORE_READ(attr, ia_valid);

	if (valid & ATTR_MODE && BPF_CORE_READ(attr, ia_mode) != BPF_CORE_READ(inode, i_mode))
		return true;
	if (valid & ATTR_UID && BPF_CORE_READ(attr, ia_uid.val) != BPF_CORE_READ(inode, i_uid.val))
		return true;
	return valid & ATTR_GID &&
	       BPF_CORE_READ(attr, ia_gid.val) != BPF_CORE_READ(inode, i_gid.val);
}

/* Copying a tree gives each directory to who has it already: that is no change. */
static __always_inline int files_mode(struct dentry *dentry, struct inode *inode,
				      struct iattr *attr)
{
	struct pawl_task *mark = task_current();

	if (!mark)
		return 0;
	if (setattr_changes(inode, attr))
		return files_attempt(PAWL_CLASS_ACCESS, dentry, inode);
	files_disarm(mark, PAWL_CLASS_ACCESS);
	return 0;
}

/*
 * Truncation: only what gets shorter is a loss. Mode and owner: as asked for by chmod and
 * chown; what the kernel changes by itself (on write, say) was not armed.
 */
static __always_inline int files_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;

	if (!inode)
		return 0;
	if (attr->ia_valid & ATTR_SIZE)
		return attr->ia_size >= inode->i_size
			       ? 0
			       : files_attempt(PAWL_CLASS_TRUNCATE, dentry, inode);
	if (attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		return files_mode(dentry, inode, attr);
	return 0;
}

/*
 * Attributes. A user's own (user.*) are data like any other, and an ACL for files that will be
 * made changes none that is there. Of an ACL only what takes reading or searching from somebody
 * is counted, or all of it: copying a tree writes one for each file, which grants what the copy
 * lacked. All else decides access (security.*), or is what root keeps on files (trusted.*).
 */
#define XATTR_BYTES 32 /* of a name that count */
#define READING 0555   /* and searching */

enum xattr_kind { XATTR_FREE, XATTR_ACL, XATTR_COUNTS };

static __noinline u32 xattr_kind(const char *name)
{
	char text[XATTR_BYTES] = {};

	bpf_probe_read_kernel_str(text, sizeof(text), name);
	if (name_equals(text, "user.", 5) || NAME_IS(text, "system.posix_acl_default"))
		return XATTR_FREE;
	return NAME_IS(text, "system.posix_acl_access") ? XATTR_ACL : XATTR_COUNTS;
}

/* An entry of an ACL, in an attribute and in the kernel's memory alike. */
struct acl_entry {
	u16 tag;
	u16 allowed;
	u32 id;
};

static __always_inline u32 acl_allowed(const void *entries, u32 index)
{
	struct acl_entry entry = {};

	bpf_probe_read_kernel(&entry, sizeof(entry), entries + index * sizeof(entry));
	return entry.allowed & 7;
}

/*
 * Whether an ACL takes from owner, group or others what the mode of @inode lets them read. It is
 * sorted: the owner first, others last, and before them what the mode has for the group.
 */
static __noinline bool acl_takes(struct inode *inode, const void *entries, u32 count)
{
	u32 mode = BPF_CORE_READ(inode, i_mode), allowed;

	if (!count)
		return true;
	if (count < 3)
		return false; /* it is none, and will be refused */
	allowed = acl_allowed(entries, 0) << 6 | acl_allowed(entries, count - 2) << 3 |
		  acl_allowed(entries, count - 1);
	return mode & ~allowed & READING;
}

/* A stacked file system does with its own credentials what it was asked for: counted above. */
static __always_inline bool files_below(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return BPF_CORE_READ(task, cred) != BPF_CORE_READ(task, real_cred) && !hold_in_ring();
}

/* These hooks do not say in which mount: for the name, that of the working directory will do. */
static __noinline int files_access(struct pawl_task *mark, struct dentry *dentry)
{
	struct vfsmount *mnt = BPF_CORE_READ(bpf_get_current_task_btf(), fs, pwd.mnt);
	struct attempt attempt = {.class = PAWL_CLASS_ACCESS};

	if (BPF_CORE_READ(mnt, mnt_sb) == BPF_CORE_READ(dentry, d_inode, i_sb))
		attempt.mnt = mnt;
	files_target(&attempt, dentry, BPF_CORE_READ(dentry, d_inode));
	if (place_is_own(dentry))
		return files_tamper(mark, &attempt);
	return judge(mark, &attempt);
}

/* An ACL of @count @entries is given to @dentry; 0: it is removed. */
static __always_inline int files_acl(struct dentry *dentry, const char *name, const void *entries,
				     u32 count)
{
	struct pawl_task *mark = task_current();

	if (!mark || files_below() || xattr_kind(name) != XATTR_ACL ||
	    !acl_takes(BPF_CORE_READ(dentry, d_inode), entries, count))
		return 0;
	return files_access(mark, dentry);
}

static __always_inline int files_set_acl(struct dentry *dentry, const char *name,
					 struct posix_acl *acl)
{
	u32 at = bpf_core_field_offset(struct posix_acl, a_entries);

	return files_acl(dentry, name, (void *)acl + at, acl ? BPF_CORE_READ(acl, a_count) : 0);
}

static __always_inline int files_remove_xattr(struct dentry *dentry, const char *name)
{
	struct pawl_task *mark = task_current();

	if (!mark || files_below() || xattr_kind(name) == XATTR_FREE)
		return 0;
	return files_access(mark, dentry);
}

/*
 * Before 6.2 ACLs come this way too: a version, then the entries. The value is argument 3, which
 * the verifier of 6.1 lets no program take by itself, as it is a const void *.
 */
static __always_inline int files_set_xattr(void *ctx, struct dentry *dentry, const char *name,
					   u64 size)
{
	struct pawl_task *mark = task_current();
	u64 value = 0;
	u32 kind;

	if (!mark || files_below())
		return 0;
	kind = xattr_kind(name);
	if (kind == XATTR_FREE)
		return 0;
	bpf_get_func_arg(ctx, 3, &value);
	if (kind == XATTR_ACL && !acl_takes(BPF_CORE_READ(dentry, d_inode), (void *)value + 4,
					    size < 4 ? 0 : (size - 4) / 8))
		return 0;
	return files_access(mark, dentry);
}

/*
 * Part of a file is to be cut out, zeroed or shifted: vfs_fallocate() has begun. The next hook is
 * file_permission, where every read and write of the machine comes by: pawld attaches it once a
 * tree has an io_uring, or has done such a thing. A stacked file system does it by its lower one.
 */
static __always_inline int files_fallocate(struct file *file, u32 mode)
{
	struct pawl_task *mark = mode & FALLOCATE_DESTROYS ? task_current() : 0;

	if (!mark || BPF_CORE_READ(file, f_inode, i_sb, s_magic) == OVERLAYFS_MAGIC ||
	    !BPF_CORE_READ(file, f_op, fallocate))
		return 0;
	mark->armed_class = ARMED_FALLOCATE;
	mark->armed_mnt = (u64)file;
	return 0;
}

/* Takes the arming away. Return: whether the current task was armed for @file. */
static __always_inline bool files_disarm_fallocate(struct pawl_task *mark, struct file *file)
{
	if (mark->armed_class != ARMED_FALLOCATE || mark->armed_mnt != (u64)file)
		return false;
	mark->armed_class = PAWL_CLASS_NONE;
	return true;
}

static __always_inline void files_fallocate_target(struct attempt *attempt, struct file *file)
{
	attempt->class = PAWL_CLASS_TRUNCATE;
	attempt->detail = PAWL_DETAIL_FALLOCATE;
	attempt->mnt = BPF_CORE_READ(file, f_path.mnt);
	files_target(attempt, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_inode));
}

/* process_madvise(2) tries again by itself, and would never come to where it stops. */
static __always_inline bool files_restarts_inside(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return regs && SYSCALL_NUMBER(regs) == SYS_PROCESS_MADVISE;
}

/* Something reads or writes: all but vfs_fallocate() is of no interest. */
static __always_inline int files_permission(struct file *file)
{
	struct pawl_task *mark = task_current();
	struct attempt attempt = {};
	int verdict;

	if (!mark || !files_disarm_fallocate(mark, file))
		return 0;
	files_fallocate_target(&attempt, file);
	verdict = judge(mark, &attempt);
	return verdict && files_restarts_inside() ? -EPERM : verdict;
}

/* It has ended, and nothing had come before it. */
static __always_inline int files_fallocated(struct file *file, u32 mode, s64 ret)
{
	struct pawl_task *mark = mode & FALLOCATE_DESTROYS ? task_current() : 0;
	struct attempt attempt = {};

	if (!mark || !files_disarm_fallocate(mark, file) || ret)
		return 0;
	files_fallocate_target(&attempt, file);
	return judge_done(mark, &attempt);
}

static __always_inline int files_make_ring(void)
{
	struct attempt attempt = {.class = PAWL_CLASS_RING, .detail = PAWL_DETAIL_UNHOOKED};
	struct pawl_task *mark = task_current();

	return mark ? judge_ring(mark, &attempt) : 0;
}

/* A file that has no name is to be made. */
static __always_inline int files_make_anonymous(const struct qstr *name)
{
	static const char ring[] = "[io_uring]";
	char given[sizeof(ring)] = {};

	if (bpf_probe_read_kernel(given, sizeof(given), BPF_CORE_READ(name, name)) ||
	    bpf_strncmp(given, sizeof(given), ring))
		return 0;
	return files_make_ring();
}

/* A regular file is opened for writing: what it is, and whether its content is at stake. */
static __always_inline u32 files_open_class(struct attempt *attempt, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u32 broker = 0, flags = place_of(attempt->dentry, &broker);

	if (flags & (PAWL_PLACE_OWN | PAWL_PLACE_TEXT)) {
		attempt->detail = PAWL_DETAIL_FILE;
		return PAWL_CLASS_TAMPER;
	}
	if (flags & PAWL_PLACE_SPOOL) {
		attempt->detail = PAWL_DETAIL_SPOOL;
		attempt->broker = broker;
		return PAWL_CLASS_BROKER;
	}
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED || !BPF_CORE_READ(inode, i_size))
		return PAWL_CLASS_NONE;
	/* emptying is counted as such; what is opened to append can be made to overwrite */
	return BPF_CORE_READ(file, f_flags) & O_TRUNC ? PAWL_CLASS_NONE : PAWL_CLASS_OVERWRITE;
}

#endif
