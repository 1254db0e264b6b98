/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of the sensor: the maps that pawld and the programs share, behind functions with types. It
 * must not load or attach anything.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/shell/sensor_internal.h"

struct pawl_session *pawl_sensor_session(struct pawl_sensor *sensor, uint32_t slot)
{
	return slot < PAWL_MAX_SESSIONS ? &sensor->sessions[slot] : NULL;
}

void pawl_sensor_reset(struct pawl_sensor *sensor)
{
	struct pawl_shared *shared = &sensor->bpf->data_shared->shared;

	memset(shared->counters, 0, sizeof(shared->counters));
	__atomic_store_n(&shared->next_session, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->next_slot, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->alert, 0, __ATOMIC_RELAXED);
}

uint32_t pawl_sensor_slots(const struct pawl_sensor *sensor)
{
	uint32_t claimed =
		__atomic_load_n(&sensor->bpf->data_shared->shared.next_slot, __ATOMIC_RELAXED);

	/* slots are handed out in order, and further on when the first ones are taken */
	return claimed + 64 < PAWL_MAX_SESSIONS ? claimed + 64 : PAWL_MAX_SESSIONS;
}

int pawl_sensor_trip(const struct pawl_sensor *sensor, uint32_t slot,
		     struct pawl_operation *ret_operation)
{
	return bpf_map_lookup_elem(bpf_map__fd(sensor->bpf->maps.trips), &slot, ret_operation) < 0
		       ? -errno
		       : 0;
}

/* The kernel side has the same: session_claim() in bpf/process.h. */
static uint32_t claim_slot(struct pawl_sensor *sensor)
{
	uint32_t start = __atomic_fetch_add(&sensor->bpf->data_shared->shared.next_slot, 1,
					    __ATOMIC_RELAXED);

	for (uint32_t i = 0; i < PAWL_MAX_SESSIONS - 1; i++) {
		uint32_t slot = 1 + (start + i) % (PAWL_MAX_SESSIONS - 1);
		uint64_t expected = PAWL_STATE_FREE;

		if (__atomic_compare_exchange_n(&sensor->sessions[slot].word, &expected,
						PAWL_STATE_CLAIMED, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return slot;
	}
	return 0;
}

int pawl_sensor_claim(struct pawl_sensor *sensor, const struct pawl_terms *terms, uint32_t rule,
		      uint32_t pid, uint64_t start_ns, uint32_t *ret_slot, uint32_t *ret_id)
{
	uint32_t slot = claim_slot(sensor);
	struct pawl_session *session = &sensor->sessions[slot];

	if (!slot)
		return -ENOSPC;
	session->terms = *terms;
	session->rule = rule;
	session->root_tgid = pid;
	session->root_start_ns = start_ns;
	session->id = __atomic_add_fetch(&sensor->bpf->data_shared->shared.next_session, 1,
					 __ATOMIC_RELAXED);
	session->live = 1;
	__atomic_store_n(&session->word, PAWL_WORD(PAWL_STATE_RUNNING, 0), __ATOMIC_RELEASE);
	*ret_slot = slot;
	*ret_id = session->id;
	return 0;
}

void pawl_sensor_free_slot(struct pawl_sensor *sensor, uint32_t slot)
{
	struct pawl_session *session = pawl_sensor_session(sensor, slot);

	if (!session || !slot)
		return;
	/* .word comes first and must stay claimed until the rest is clean */
	__atomic_store_n(&session->word, PAWL_STATE_CLAIMED, __ATOMIC_RELEASE);
	memset((char *)session + sizeof(session->word), 0,
	       sizeof(*session) - sizeof(session->word));
	__atomic_store_n(&session->word, PAWL_STATE_FREE, __ATOMIC_RELEASE);
}

/* A pidfd is readable once its process has ended. */
static bool has_ended(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	return poll(&ended, 1, 0) != 0;
}

int pawl_sensor_mark(struct pawl_sensor *sensor, int pidfd, uint32_t slot, uint32_t id)
{
	struct pawl_task mark = {
		.slot = slot,
		.id = id,
		.cookie = __atomic_add_fetch(&sensor->bpf->data_shared->shared.next_cookie, 1,
					     __ATOMIC_RELAXED),
	};

	struct pawl_task old = {};
	bool was = bpf_map_lookup_elem(bpf_map__fd(sensor->bpf->maps.tasks), &pidfd, &old) == 0;

	if (bpf_map_update_elem(bpf_map__fd(sensor->bpf->maps.tasks), &pidfd, &mark, BPF_ANY) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* a process that had ended before it was marked is not counted out by its end */
	if (has_ended(pidfd))
		return -ESRCH;
	if (was && old.slot < PAWL_MAX_SESSIONS && sensor->sessions[old.slot].id == old.id)
		__atomic_fetch_sub(&sensor->sessions[old.slot].live, 1, __ATOMIC_RELAXED);
	return 0;
}

int pawl_sensor_mark_of(const struct pawl_sensor *sensor, int pidfd, struct pawl_task *ret_mark)
{
	struct pawl_task mark;

	if (bpf_map_lookup_elem(bpf_map__fd(sensor->bpf->maps.tasks), &pidfd, &mark) == 0) {
		*ret_mark = mark;
		return 0;
	}
	/* the kernel says ENOENT for a task without a mark, and for one that is gone */
	if (errno == ENOENT && has_ended(pidfd))
		return -ESRCH;
	return -errno;
}

/* One walk over the tasks. Return: watched tasks met, or a negative errno. */
static int walk_tasks(struct pawl_sensor *sensor, pawl_sensor_task_fn fn, void *ctx)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(sensor->bpf->links.on_each_task));
	struct pawl_task_record records[128];
	size_t have = 0, n;
	int tasks = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	for (;;) {
		got = read(fd, (char *)records + have, sizeof(records) - have);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return got < 0 ? -errno : tasks;
		have += got;
		n = have / sizeof(records[0]);
		for (size_t i = 0; fn && i < n; i++)
			fn(ctx, &records[i]);
		tasks += n;
		have -= n * sizeof(records[0]);
		memmove(records, records + n, have);
	}
}

#define SEED_ROUNDS 64 /* deepest chain of parents with falling pids; more than any real one */

int pawl_sensor_each_task(struct pawl_sensor *sensor, bool seed, pawl_sensor_task_fn fn, void *ctx)
{
	int before = -1, now = 0;

	/* the walk goes by pid: a child below its parent's pid is reached in the next round */
	__atomic_store_n(&sensor->bpf->data_shared->shared.seeding, seed, __ATOMIC_RELEASE);
	for (int round = 0; seed && round < SEED_ROUNDS && before != now; round++) {
		before = now;
		now = walk_tasks(sensor, NULL, NULL);
		if (now < 0)
			break;
	}
	__atomic_store_n(&sensor->bpf->data_shared->shared.seeding, 0, __ATOMIC_RELEASE);
	return now < 0 ? now : walk_tasks(sensor, fn, ctx);
}

int pawl_sensor_each_held(const struct pawl_sensor *sensor, pawl_sensor_held_fn fn, void *ctx)
{
	int fd = bpf_map__fd(sensor->bpf->maps.holds);
	struct pawl_held held;
	uint64_t key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &key) == 0;

	for (uint32_t i = 0; more && i < PAWL_MAX_HELD; i++) {
		/* the next key is found before @fn may delete this one */
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &held) == 0)
			fn(ctx, &held);
		key = next;
	}
	return 0;
}

void pawl_sensor_delete_held(const struct pawl_sensor *sensor, const struct pawl_held *held)
{
	uint64_t key = PAWL_HELD_KEY(held->tid, held->seq);

	bpf_map_delete_elem(bpf_map__fd(sensor->bpf->maps.holds), &key);
}

int pawl_sensor_each_dir(const struct pawl_sensor *sensor, pawl_sensor_dir_fn fn, void *ctx)
{
	int fd = bpf_map__fd(sensor->bpf->maps.dirs);
	struct pawl_dir_key key, next = {};
	bool more = bpf_map_get_next_key(fd, NULL, &key) == 0;
	struct pawl_dir dir;

	for (uint32_t i = 0; more && i < PAWL_MAX_DIRS; i++) {
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (bpf_map_lookup_elem(fd, &key, &dir) == 0)
			fn(ctx, &key, &dir);
		key = next;
	}
	return 0;
}

void pawl_sensor_delete_dir(const struct pawl_sensor *sensor, const struct pawl_dir_key *key)
{
	bpf_map_delete_elem(bpf_map__fd(sensor->bpf->maps.dirs), key);
}

int pawl_sensor_clear_rules(struct pawl_sensor *sensor)
{
	int fd = bpf_map__fd(sensor->bpf->maps.signatures);
	struct pawl_signature_key key;
	struct pawl_rule unused = {};
	int r = 0;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0) {
		if (bpf_map_delete_elem(fd, &key) < 0)
			return -errno;
	}
	for (uint32_t i = 0; i < PAWL_MAX_RULES && r == 0; i++)
		r = pawl_sensor_set_rule(sensor, i, &unused);
	return r;
}

int pawl_sensor_set_rule(struct pawl_sensor *sensor, uint32_t index, const struct pawl_rule *rule)
{
	if (bpf_map_update_elem(bpf_map__fd(sensor->bpf->maps.rules), &index, rule, BPF_ANY) < 0)
		return -errno;
	return 0;
}

int pawl_sensor_add_signature(struct pawl_sensor *sensor, enum pawl_kind kind, uint64_t value,
			      uint32_t rule)
{
	int fd = bpf_map__fd(sensor->bpf->maps.signatures);
	struct pawl_signature_key key = {.kind = kind, .value = value};
	struct pawl_signature signature = {};
	size_t n = 0;

	bpf_map_lookup_elem(fd, &key, &signature);
	while (n < PAWL_RULES_PER_KEY && signature.rules[n])
		n++;
	if (rule < PAWL_MAX_RULES) {
		if (n == PAWL_RULES_PER_KEY)
			return -E2BIG;
		signature.rules[n] = rule + 1;
	}
	return bpf_map_update_elem(fd, &key, &signature, BPF_ANY) < 0 ? -errno : 0;
}

void pawl_sensor_look_at(struct pawl_sensor *sensor, bool environment, bool scope)
{
	__atomic_store_n(&sensor->bpf->data_shared->shared.env_rules, environment,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&sensor->bpf->data_shared->shared.scope_rules, scope, __ATOMIC_RELEASE);
}

int pawl_sensor_add_broker_address(struct pawl_sensor *sensor, uint64_t hash, uint32_t index)
{
	int fd = bpf_map__fd(sensor->bpf->maps.brokers);

	return bpf_map_update_elem(fd, &hash, &index, BPF_ANY) < 0 ? -errno : 0;
}

int pawl_sensor_set_broker(struct pawl_sensor *sensor, uint32_t index,
			   const struct pawl_broker *broker)
{
	int fd = bpf_map__fd(sensor->bpf->maps.broker_terms);

	return bpf_map_update_elem(fd, &index, broker, BPF_ANY) < 0 ? -errno : 0;
}

/* Our own objects in the kernel: a watched tree gets no descriptor of them. */
struct own {
	struct pawl_place_key keys[PAWL_MAX_PLACES];
	size_t n;
};

/* The object that @fd stands for. */
static void own_object(struct own *own, uint64_t dev, int fd)
{
	union {
		struct bpf_map_info map;
		struct bpf_prog_info program;
		struct bpf_link_info link;
	} info = {};
	uint32_t size = sizeof(info);
	struct pawl_place_key key = {.dev = dev};

	if (fd < 0 || own->n == PAWL_MAX_PLACES || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return;
	key.ino = dev == PAWL_PLACE_BPF_MAP    ? info.map.id
		  : dev == PAWL_PLACE_BPF_PROG ? info.program.id
					       : info.link.id;
	own->keys[own->n++] = key;
}

static void own_objects(const struct pawl_sensor *sensor, struct own *own)
{
	struct bpf_object_skeleton *skeleton = sensor->bpf->skeleton;
	struct bpf_map *map;

	/* cppcheck-suppress unknownMacro ; a loop of libbpf's */
	bpf_object__for_each_map(map, sensor->bpf->obj)
		own_object(own, PAWL_PLACE_BPF_MAP, bpf_map__fd(map));
	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_link *link = *skeleton->progs[i].link;

		own_object(own, PAWL_PLACE_BPF_PROG, bpf_program__fd(*skeleton->progs[i].prog));
		own_object(own, PAWL_PLACE_BPF_LINK, link ? bpf_link__fd(link) : -1);
	}
}

/* Whether one of @n keys of @size bytes at @keys is @key. */
static bool is_among(const void *keys, size_t n, size_t size, const void *key)
{
	for (size_t i = 0; i < n; i++) {
		if (!memcmp((const char *)keys + i * size, key, size))
			return true;
	}
	return false;
}

/* Deletes all keys of a hash map but the @n of @size bytes at @keep, and those in @own. */
static int keep_keys(int fd, const void *keep, size_t n, size_t size, const struct own *own)
{
	struct pawl_place_key key, next; /* room for a hash, too */
	bool more = bpf_map_get_next_key(fd, NULL, &key) == 0;

	for (size_t seen = 0; more && seen < PAWL_MAX_PLACES; seen++) {
		/* the next key is found before this one may be deleted */
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (!is_among(keep, n, size, &key) &&
		    !(own && is_among(own->keys, own->n, sizeof(key), &key)) &&
		    bpf_map_delete_elem(fd, &key) < 0)
			return -errno;
		key = next;
	}
	return 0;
}

_Static_assert(PAWL_MAX_PLACES == PAWL_MAX_BROKERS * 16, "keep_keys() sees every key of both maps");

int pawl_sensor_keep_broker_addresses(struct pawl_sensor *sensor, const uint64_t *hashes, size_t n)
{
	return keep_keys(bpf_map__fd(sensor->bpf->maps.brokers), hashes, n, sizeof(*hashes), NULL);
}

static int put_place(int fd, const struct pawl_place_key *key, const struct pawl_place *place)
{
	return bpf_map_update_elem(fd, key, place, BPF_ANY) < 0 ? -errno : 0;
}

int pawl_sensor_add_place(struct pawl_sensor *sensor, uint64_t dev, uint64_t ino,
			  const struct pawl_place *place)
{
	struct pawl_place_key key = {.dev = dev, .ino = ino};

	return put_place(bpf_map__fd(sensor->bpf->maps.places), &key, place);
}

static int put_own(int fd, const struct own *own)
{
	static const struct pawl_place place = {.flags = PAWL_PLACE_OWN};
	int r = 0;

	for (size_t i = 0; r == 0 && i < own->n; i++)
		r = put_place(fd, &own->keys[i], &place);
	return r;
}

void pawl_sensor_forget_link(struct pawl_sensor *sensor, const struct bpf_link *link)
{
	_cleanup_free_ struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return;
	own_object(own, PAWL_PLACE_BPF_LINK, bpf_link__fd(link));
	if (own->n)
		bpf_map_delete_elem(bpf_map__fd(sensor->bpf->maps.places), &own->keys[0]);
}

void pawl_sensor_add_own_objects(struct pawl_sensor *sensor)
{
	_cleanup_free_ struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return;
	own_objects(sensor, own);
	put_own(bpf_map__fd(sensor->bpf->maps.places), own);
}

int pawl_sensor_replace_places(struct pawl_sensor *sensor, const struct pawl_place_key *keys,
			       const struct pawl_place *places, size_t n)
{
	int fd = bpf_map__fd(sensor->bpf->maps.places), r = 0;
	_cleanup_free_ struct own *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	own_objects(sensor, own);
	/* old ones make room where both would not fit: then some are missing for a moment */
	for (int round = 0; round < 2; round++) {
		r = put_own(fd, own);
		for (size_t i = 0; r == 0 && i < n; i++)
			r = put_place(fd, &keys[i], &places[i]);
		if (r < 0 && r != -E2BIG)
			return r;
		/* objects of an earlier pawld, too: else each one that starts leaves some */
		if (keep_keys(fd, keys, n, sizeof(*keys), own) < 0)
			return -EIO;
		if (r == 0)
			break;
	}
	return r;
}

void pawl_sensor_guard(struct pawl_sensor *sensor, enum pawl_guard which, uint32_t pid)
{
	__atomic_store_n(&sensor->bpf->data_shared->shared.guards[which], pid, __ATOMIC_RELEASE);
}

uint64_t pawl_sensor_counter(const struct pawl_sensor *sensor, enum pawl_counter counter)
{
	return __atomic_load_n(&sensor->bpf->data_shared->shared.counters[counter],
			       __ATOMIC_RELAXED);
}

void pawl_sensor_alarm(struct pawl_sensor *sensor)
{
	__atomic_fetch_add(&sensor->bpf->data_shared->shared.alert, 1, __ATOMIC_RELAXED);
}

void pawl_sensor_calm(struct pawl_sensor *sensor)
{
	__atomic_fetch_sub(&sensor->bpf->data_shared->shared.alert, 1, __ATOMIC_RELAXED);
}
