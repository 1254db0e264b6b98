/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of the sensor: what outlives pawld. Maps and links are pinned, and the next pawld
 * takes the maps over: its programs are attached beside the old ones and do nothing until
 * the generation in the shared map is theirs. It must not decide when that is.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "user/core/cleanup.h"
#include "user/shell/sensor_internal.h"

#define BPFFS "/sys/fs/bpf"
#define GRACE_US 100000 /* for operations that met neither side's live programs yet */
#define PIN_PATH (PATH_MAX + 64)
#define STARTS_MAX 3
#define NEW "%s-new" /* a set of pins before it is complete, or after it was replaced */

/* -- the directory ------------------------------------------------------------------------ */

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

static int parent_of(const char *dir, char parent[PATH_MAX])
{
	char *slash;

	if (snprintf(parent, PATH_MAX, "%s", dir) >= PATH_MAX - 8)
		return -ENAMETOOLONG;
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return -EINVAL;
	*slash = 0;
	return 0;
}

int pawl_pins_prepare(const char *dir, bool *ret_mounted)
{
	char parent[PATH_MAX];
	int r = parent_of(dir, parent);

	*ret_mounted = false;
	if (r < 0)
		return r;
	if (!is_bpffs(parent)) {
		if (strcmp(parent, BPFFS))
			return -EMEDIUMTYPE;
		if (mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
			return -errno;
		*ret_mounted = true;
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	return chmod(dir, 0700) < 0 ? -errno : 0;
}

void pawl_pins_unmount(void)
{
	umount2(BPFFS, MNT_DETACH);
}

int pawl_pins_lock(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat locked, now;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	/* another one may have put its own directory in place of it meanwhile */
	if (fstat(fd, &locked) < 0 || stat(dir, &now) < 0 || locked.st_ino != now.st_ino)
		return -EBUSY;
	return TAKE_FD(fd);
}

/* Removes the pins in @dir that @keep does not ask to be left; NULL: all, and @dir too. */
static void remove_pins(const char *dir, const char *keep)
{
	_cleanup_closedir_ DIR *entries = opendir(dir);
	struct dirent *entry;
	const char *dash;

	while (entries && (entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		/* "map" or "program-generation" */
		dash = strrchr(entry->d_name, '-');
		if (keep && (!dash || !strcmp(dash + 1, keep)))
			continue;
		unlinkat(dirfd(entries), entry->d_name, 0);
	}
	if (!keep)
		rmdir(dir);
}

void pawl_pins_remove(const char *dir)
{
	char new[PIN_PATH];

	remove_pins(dir, NULL);
	snprintf(new, sizeof(new), NEW, dir);
	remove_pins(new, NULL);
}

/* -- which maps --------------------------------------------------------------------------- */

/* Scratch and constants belong to one load of the programs; everything else is pinned. */
static const char *pin_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	if (bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY)
		return NULL;
	if (strstr(name, ".data.shared"))
		return "shared";
	return strchr(name, '.') ? NULL : name;
}

static int get_pin(const char *dir, const char *name)
{
	char path[PIN_PATH];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int map_info(int fd, struct bpf_map_info *ret_info)
{
	uint32_t size = sizeof(*ret_info);

	memset(ret_info, 0, sizeof(*ret_info));
	return bpf_obj_get_info_by_fd(fd, ret_info, &size) < 0 ? -errno : 0;
}

static bool same_shape(const struct bpf_map *map, const struct bpf_map_info *info)
{
	bool ring = info->type == BPF_MAP_TYPE_RINGBUF; /* of whatever size it was made */

	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map) &&
	       (ring || info->max_entries == bpf_map__max_entries(map));
}

static int read_shared(int fd, struct pawl_shared *ret_shared)
{
	struct bpf_map_info info;
	_cleanup_free_ void *value = NULL;
	uint32_t zero = 0;

	if (map_info(fd, &info) < 0 || info.value_size < 2 * sizeof(uint64_t))
		return -ESTALE;
	value = calloc(1, info.value_size + sizeof(*ret_shared));
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value) < 0)
		return -errno;
	memcpy(ret_shared, value, sizeof(*ret_shared));
	return 0;
}

int pawl_sensor_reuse_maps(struct pawl_bpf *bpf, const char *dir)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, bpf->obj)
	{
		const char *name = pin_name(map);
		_cleanup_close_ int fd = name ? get_pin(dir, name) : -1;
		struct bpf_map_info info;
		int r;

		if (!name)
			continue;
		if (fd < 0 || map_info(fd, &info) < 0 || !same_shape(map, &info))
			return -ESTALE;
		r = bpf_map__reuse_fd(map, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

enum pawl_pins pawl_pins_look(const char *dir, struct pawl_shared *ret_shared)
{
	_cleanup_close_ int fd = get_pin(dir, "shared");
	struct pawl_bpf *bpf;
	int r;

	memset(ret_shared, 0, sizeof(*ret_shared));
	if (fd < 0)
		return PAWL_PINS_NONE;
	if (read_shared(fd, ret_shared) < 0 || ret_shared->abi != PAWL_ABI_VERSION)
		return PAWL_PINS_OTHER;
	bpf = pawl_bpf__open();
	r = bpf ? pawl_sensor_reuse_maps(bpf, dir) : -ENOMEM;
	pawl_bpf__destroy(bpf);
	return r == 0 ? PAWL_PINS_FIT : PAWL_PINS_OTHER;
}

/* -- taking over -------------------------------------------------------------------------- */

static int link_path(const struct pawl_sensor *sensor, const char *dir,
		     const struct bpf_prog_skeleton *program, char path[PIN_PATH])
{
	return snprintf(path, PIN_PATH, "%s/%s-%llu", dir, program->name,
			(unsigned long long)sensor->bpf->rodata->generation) >= PIN_PATH
		       ? -ENAMETOOLONG
		       : 0;
}

int pawl_sensor_pin(const struct pawl_sensor *sensor, const char *dir,
		    const struct bpf_prog_skeleton *program)
{
	char path[PIN_PATH];
	int r = link_path(sensor, dir, program, path);

	if (r < 0)
		return r;
	unlink(path); /* of one that died before it was live, or our own */
	return bpf_obj_pin(bpf_link__fd(*program->link), path) < 0 ? -errno : 0;
}

void pawl_sensor_unpin(const struct pawl_sensor *sensor, const char *dir,
		       const struct bpf_prog_skeleton *program)
{
	char path[PIN_PATH];

	if (link_path(sensor, dir, program, path) == 0)
		unlink(path);
}

static int pin_links(struct pawl_sensor *sensor, const char *dir)
{
	int r = 0;

	for (int i = 0; r == 0 && i < sensor->bpf->skeleton->prog_cnt; i++) {
		const struct bpf_prog_skeleton *program = &sensor->bpf->skeleton->progs[i];

		/* the iterator runs only when it is asked, by whoever has loaded it */
		if (*program->link && strcmp(program->name, "on_each_task"))
			r = pawl_sensor_pin(sensor, dir, program);
	}
	return r;
}

static int pin_maps(struct pawl_sensor *sensor, const char *dir)
{
	struct bpf_map *map;
	char path[PIN_PATH];

	bpf_object__for_each_map(map, sensor->bpf->obj)
	{
		const char *name = pin_name(map);

		if (!name)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		if (bpf_obj_pin(bpf_map__fd(map), path) < 0)
			return -errno;
	}
	return 0;
}

static void set_generation(struct pawl_sensor *sensor, uint64_t generation)
{
	__atomic_store_n(&sensor->bpf->data_shared->shared.generation, generation,
			 __ATOMIC_SEQ_CST);
}

/*
 * For a moment both are live (see live() in bpf/maps.h), where what both see counts once. On
 * tracepoints it would count twice; there newer programs run after older ones, and none is lost.
 */
static void hand_over(struct pawl_sensor *sensor, uint64_t to, bool twice_is_once)
{
	uint64_t older = sensor->bpf->rodata->generation - 1;

	if (twice_is_once) {
		set_generation(sensor, PAWL_HANDOVER | older);
		usleep(GRACE_US);
	}
	set_generation(sensor, to);
}

static bool refuses(uint32_t backend)
{
	return backend == PAWL_BACKEND_LSM || backend == PAWL_BACKEND_FMOD_RET;
}

/* What is attached from now on is pinned there, too. */
static int remember_pins(struct pawl_sensor *sensor, const char *dir)
{
	sensor->pin_dir = strdup(dir);
	return sensor->pin_dir ? 0 : -ENOMEM;
}

int pawl_sensor_go(struct pawl_sensor *sensor, const char *dir)
{
	struct pawl_shared *shared = &sensor->bpf->data_shared->shared;
	uint64_t mine = sensor->bpf->rodata->generation;
	int r;

	if (!sensor->adopted) {
		shared->abi = PAWL_ABI_VERSION;
		shared->backend = sensor->backend;
		set_generation(sensor, mine);
		return 0;
	}
	/* pinned before they are live: were we killed in between, somebody enforces */
	r = pin_links(sensor, dir);
	if (r == 0)
		r = remember_pins(sensor, dir);
	if (r < 0)
		return r;
	hand_over(sensor, mine, refuses(shared->backend) && refuses(sensor->backend));
	return 0;
}

void pawl_sensor_give_back(struct pawl_sensor *sensor, const char *dir)
{
	struct pawl_shared *shared = &sensor->bpf->data_shared->shared;
	uint64_t older = sensor->bpf->rodata->generation - 1;
	char keep[32];

	if (!sensor->adopted)
		return;
	hand_over(sensor, older, refuses(shared->backend) && refuses(sensor->backend));
	/* ours goes with us; theirs is attached where it was */
	__atomic_store_n(&shared->hooked, sensor->was_hooked, __ATOMIC_SEQ_CST);
	snprintf(keep, sizeof(keep), "%llu", (unsigned long long)older);
	remove_pins(dir, keep);
}

/* A complete set beside what is there, then one rename. @lock_fd moves to the new directory. */
static int pin_fresh(struct pawl_sensor *sensor, const char *dir, int *lock_fd)
{
	char new[PIN_PATH];
	int fd, r;

	snprintf(new, sizeof(new), NEW, dir);
	remove_pins(new, NULL);
	if (mkdir(new, 0700) < 0)
		return -errno;
	fd = pawl_pins_lock(new);
	r = fd < 0 ? fd : pin_maps(sensor, new);
	if (r == 0)
		r = pin_links(sensor, new);
	if (r == 0 && syscall(SYS_renameat2, AT_FDCWD, new, AT_FDCWD, dir, RENAME_EXCHANGE) < 0)
		r = -errno;
	remove_pins(new, NULL);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	close(*lock_fd);
	*lock_fd = fd;
	return 0;
}

int pawl_sensor_commit(struct pawl_sensor *sensor, const char *dir, int *lock_fd)
{
	char keep[32], new[PIN_PATH];
	int r;

	if (!sensor->adopted) {
		r = pin_fresh(sensor, dir, lock_fd);
		return r < 0 ? r : remember_pins(sensor, dir);
	}
	snprintf(keep, sizeof(keep), "%llu", (unsigned long long)sensor->bpf->rodata->generation);
	remove_pins(dir, keep);
	snprintf(new, sizeof(new), NEW, dir);
	remove_pins(new, NULL);
	sensor->bpf->data_shared->shared.backend = sensor->backend;
	return 0;
}

bool pawl_sensor_is_adopted(const struct pawl_sensor *sensor)
{
	return sensor->adopted;
}

bool pawl_sensor_is_live(const struct pawl_sensor *sensor)
{
	return __atomic_load_n(&sensor->bpf->data_shared->shared.generation, __ATOMIC_ACQUIRE) ==
	       sensor->bpf->rodata->generation;
}

uint64_t pawl_sensor_generation(const struct pawl_sensor *sensor)
{
	return sensor->bpf->rodata->generation;
}

struct pawl_shared *pawl_sensor_shared(struct pawl_sensor *sensor)
{
	return &sensor->bpf->data_shared->shared;
}

int pawl_sensor_holds_fd(const struct pawl_sensor *sensor)
{
	return bpf_map__fd(sensor->bpf->maps.holds);
}

int pawl_sensor_tasks_fd(const struct pawl_sensor *sensor)
{
	return bpf_map__fd(sensor->bpf->maps.tasks);
}

int pawl_sensor_label(const struct pawl_sensor *sensor, uint32_t index,
		      struct pawl_label *ret_label)
{
	int fd = bpf_map__fd(sensor->bpf->maps.labels);

	return bpf_map_lookup_elem(fd, &index, ret_label) < 0 ? -errno : 0;
}

void pawl_sensor_set_label(struct pawl_sensor *sensor, uint32_t index,
			   const struct pawl_label *label)
{
	bpf_map_update_elem(bpf_map__fd(sensor->bpf->maps.labels), &index, label, BPF_ANY);
}

/* Kernel programs may add to it meanwhile: the difference is added, never a value set. */
void pawl_sensor_recount_alarms(struct pawl_sensor *sensor)
{
	struct pawl_shared *shared = &sensor->bpf->data_shared->shared;
	uint64_t said = __atomic_load_n(&shared->alert, __ATOMIC_ACQUIRE), n = 0;

	for (uint32_t slot = 1; slot < pawl_sensor_slots(sensor); slot++) {
		uint64_t word = __atomic_load_n(&sensor->sessions[slot].word, __ATOMIC_ACQUIRE);

		n += PAWL_WORD_STATE(word) == PAWL_STATE_HELD ||
		     PAWL_WORD_STATE(word) == PAWL_STATE_KILLED;
	}
	__atomic_fetch_add(&shared->alert, n - said, __ATOMIC_ACQ_REL);
}

/* -- pins of whatever version, from outside ------------------------------------------------ */

struct pawl_pinned {
	int tasks, shared, sessions, holds;
	size_t mark_size;
	void *mark;
};

void pawl_pinned_close(struct pawl_pinned *pinned)
{
	if (!pinned)
		return;
	pawl_closep(&pinned->tasks);
	pawl_closep(&pinned->shared);
	pawl_closep(&pinned->sessions);
	pawl_closep(&pinned->holds);
	free(pinned->mark);
	free(pinned);
}

void pawl_pinned_closep(struct pawl_pinned **pinned)
{
	pawl_pinned_close(*pinned);
}

static int open_pins(struct pawl_pinned *pinned, const char *dir)
{
	struct bpf_map_info info;

	pinned->tasks = get_pin(dir, "tasks");
	pinned->shared = get_pin(dir, "shared");
	pinned->sessions = get_pin(dir, "sessions");
	pinned->holds = get_pin(dir, "holds");
	if (pinned->tasks < 0)
		return pinned->tasks; /* -EPERM to a watched tree, where that can be refused */
	if (pinned->shared < 0)
		return pinned->shared;
	if (map_info(pinned->tasks, &info) < 0)
		return -EIO;
	pinned->mark_size = (info.value_size + 7) & ~7U;
	pinned->mark = calloc(1, pinned->mark_size);
	return pinned->mark ? 0 : -ENOMEM;
}

int pawl_pinned_open(const char *dir, struct pawl_pinned **ret_pinned)
{
	_cleanup_(pawl_pinned_closep) struct pawl_pinned *pinned = calloc(1, sizeof(*pinned));
	int r = pinned ? open_pins(pinned, dir) : -ENOMEM;

	if (r == 0)
		*ret_pinned = TAKE_PTR(pinned);
	return r;
}

bool pawl_pinned_marks(const struct pawl_pinned *pinned, int pidfd)
{
	return bpf_map_lookup_elem(pinned->tasks, &pidfd, pinned->mark) == 0;
}

static struct pawl_shared *map_shared(const struct pawl_pinned *pinned)
{
	void *shared = mmap(NULL, sizeof(struct pawl_shared), PROT_READ | PROT_WRITE, MAP_SHARED,
			    pinned->shared, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

/* Every version's shared state begins with its ABI and its generation. */
int pawl_pinned_silence(const struct pawl_pinned *pinned)
{
	struct pawl_shared *shared = map_shared(pinned);

	if (!shared)
		return -errno;
	__atomic_store_n(&shared->generation, 0, __ATOMIC_SEQ_CST);
	munmap(shared, sizeof(*shared));
	return 0;
}

/*
 * A lease that is over stays so until there is a keeper again; and pawlds that die one after
 * the other as they start get no more time than a few would have needed.
 */
int pawl_pinned_starting(const struct pawl_pinned *pinned, uint32_t pid, uint64_t now_ns,
			 uint64_t grant_ns)
{
	struct pawl_shared *shared = map_shared(pinned);

	if (!shared)
		return -errno;
	__atomic_store_n(&shared->guards[PAWL_GUARD_STARTING], pid, __ATOMIC_RELEASE);
	if (shared->starts < STARTS_MAX &&
	    (int64_t)(now_ns - shared->beat_ns) <= (int64_t)shared->lease_ns) {
		shared->starts++;
		__atomic_store_n(&shared->beat_ns, now_ns + grant_ns, __ATOMIC_RELEASE);
	}
	munmap(shared, sizeof(*shared));
	return 0;
}

void pawl_pinned_count(const struct pawl_pinned *pinned, size_t *ret_sessions, size_t *ret_holds)
{
	struct bpf_map_info info;
	struct pawl_session session;
	uint64_t key;
	bool more;

	*ret_sessions = *ret_holds = 0;
	if (map_info(pinned->sessions, &info) == 0 && info.value_size == sizeof(session)) {
		for (uint32_t slot = 1; slot < info.max_entries; slot++) {
			if (bpf_map_lookup_elem(pinned->sessions, &slot, &session) == 0)
				*ret_sessions +=
					PAWL_WORD_STATE(session.word) >= PAWL_STATE_RUNNING;
		}
	}
	if (map_info(pinned->holds, &info) < 0 || info.key_size != sizeof(key))
		return;
	more = bpf_map_get_next_key(pinned->holds, NULL, &key) == 0;
	while (more && *ret_holds < info.max_entries) {
		*ret_holds += 1;
		more = bpf_map_get_next_key(pinned->holds, &key, &key) == 0;
	}
}
