/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only module that knows libbpf: loads the programs for one backend, hands over what
 * they write, and gives typed access to their maps. It decides nothing.
 */
#ifndef PAWL_SHELL_SENSOR_H
#define PAWL_SHELL_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

struct pawl_sensor;

/* One hook of the backend, for people. */
struct pawl_hook {
	const char *name; /* of the kernel's hook or tracepoint */
	bool attached;
	bool when_needed; /* only: pawl_sensor_hook() */
	bool tested;	  /* a real operation was stopped through it */
	uint64_t missed;  /* at most so often the kernel skipped it, as it was running already */
};
#define PAWL_HOOKS_MAX 80

struct pawl_sensor_options {
	enum pawl_backend backend;
	uint32_t ring_kib;   /* size of the telemetry ring, a power of two of at least 4 */
	const char *adopt;   /* directory of pins that fit, whose maps are used; NULL: new maps */
	uint64_t generation; /* of the programs, at least 1 */
};

/* What lies in a directory of pins. */
enum pawl_pins {
	PAWL_PINS_NONE = 0,
	PAWL_PINS_FIT,	 /* the maps can be used by our programs */
	PAWL_PINS_OTHER, /* of another version */
};

/*
 * pawl_pins_prepare() - make @dir, mode 0700, on a BPF file system.
 * @ret_mounted: /sys/fs/bpf was mounted for it
 * Return: 0; -EMEDIUMTYPE: not below a BPF file system; another negative errno.
 */
int pawl_pins_prepare(const char *dir, bool *ret_mounted);

/* Takes that mount away again; what has it open keeps it. */
void pawl_pins_unmount(void);

/* One pawld for one directory. The descriptor, owned by the caller; -EBUSY; another errno. */
int pawl_pins_lock(const char *dir);

/* @ret_shared: as it is in the pinned map; zeros where there is none. */
enum pawl_pins pawl_pins_look(const char *dir, struct pawl_shared *ret_shared);

/* Removes all pins and the directory: what nobody else holds is detached and freed. */
void pawl_pins_remove(const char *dir);

/* Pins of whatever version, looked at from outside. */
struct pawl_pinned;
int pawl_pinned_open(const char *dir, struct pawl_pinned **ret_pinned);
void pawl_pinned_close(struct pawl_pinned *pinned);
void pawl_pinned_closep(struct pawl_pinned **pinned);
bool pawl_pinned_marks(const struct pawl_pinned *pinned, int pidfd); /* it is watched */
int pawl_pinned_silence(const struct pawl_pinned *pinned); /* no program does anything more */
/* Process @pid is a pawld on its way: its lease begins @grant_ns from now. For pins that fit. */
int pawl_pinned_starting(const struct pawl_pinned *pinned, uint32_t pid, uint64_t now_ns,
			 uint64_t grant_ns);
void pawl_pinned_count(const struct pawl_pinned *pinned, size_t *ret_sessions, size_t *ret_holds);

/*
 * pawl_sensor_open() - load and attach the programs of one backend. They do nothing before
 * pawl_sensor_go().
 * @ret_why: on failure, what the kernel refused, in one line; the caller frees it
 * Return: 0; -EPERM, -ENOTSUP, … as the kernel or libbpf said.
 */
int pawl_sensor_open(const struct pawl_sensor_options *options, struct pawl_sensor **ret_sensor,
		     char **ret_why);

/*
 * Makes the programs live; where maps were adopted, those of the older generation rest from
 * now on, and ours are pinned in @dir. give_back() undoes it.
 */
int pawl_sensor_go(struct pawl_sensor *sensor, const char *dir);
void pawl_sensor_give_back(struct pawl_sensor *sensor, const char *dir);

/* Pins everything in @dir in place of what is there. @lock_fd may become another one. */
int pawl_sensor_commit(struct pawl_sensor *sensor, const char *dir, int *lock_fd);

bool pawl_sensor_is_adopted(const struct pawl_sensor *sensor);
bool pawl_sensor_is_live(const struct pawl_sensor *sensor); /* false: another one took over */
uint64_t pawl_sensor_generation(const struct pawl_sensor *sensor);

/* The state shared with the kernel: whole words, by the __atomic builtins. */
struct pawl_shared *pawl_sensor_shared(struct pawl_sensor *sensor);

/* Descriptors that a child may keep; borrowed. */
int pawl_sensor_holds_fd(const struct pawl_sensor *sensor);
int pawl_sensor_tasks_fd(const struct pawl_sensor *sensor);

/* What pawld has to know again when it was killed. */
int pawl_sensor_label(const struct pawl_sensor *sensor, uint32_t index,
		      struct pawl_label *ret_label);
void pawl_sensor_set_label(struct pawl_sensor *sensor, uint32_t index,
			   const struct pawl_label *label);

/* Makes the number of sessions that are held or killed true again. */
void pawl_sensor_recount_alarms(struct pawl_sensor *sensor);

/* Detaches everything that is not pinned. */
void pawl_sensor_close(struct pawl_sensor *sensor);
void pawl_sensor_closep(struct pawl_sensor **sensor);

enum pawl_backend pawl_sensor_backend(const struct pawl_sensor *sensor);

/* Readable when something waits in the ring of verdicts; of telemetry. */
int pawl_sensor_verdict_fd(const struct pawl_sensor *sensor);
int pawl_sensor_event_fd(const struct pawl_sensor *sensor);

/* Receives one record. Return: 0 to go on. */
typedef void (*pawl_sensor_record_fn)(void *ctx, void *data, size_t size);
void pawl_sensor_receive(struct pawl_sensor *sensor, pawl_sensor_record_fn verdict,
			 pawl_sensor_record_fn event, void *ctx);

/* Hands over what waits, a bounded number: who makes it may be faster than we are. */
void pawl_sensor_take_verdicts(struct pawl_sensor *sensor);
void pawl_sensor_take_events(struct pawl_sensor *sensor);

/* A slot's session, shared with the kernel: use the __atomic builtins. NULL past the end. */
struct pawl_session *pawl_sensor_session(struct pawl_sensor *sensor, uint32_t slot);

/* Forgets counters, numbers and alarms, as after loading: the self-test leaves its own. */
void pawl_sensor_reset(struct pawl_sensor *sensor);

/* Slots in use lie below this. */
uint32_t pawl_sensor_slots(const struct pawl_sensor *sensor);

int pawl_sensor_trip(const struct pawl_sensor *sensor, uint32_t slot,
		     struct pawl_operation *ret_operation);

/*
 * Takes a slot and fills it like a session that the kernel found itself. It is RUNNING on
 * return, and counts the one task that pawl_sensor_mark() will give it. 0; -ENOSPC: all slots are taken.
 */
int pawl_sensor_claim(struct pawl_sensor *sensor, const struct pawl_terms *terms, uint32_t rule,
		      uint32_t pid, uint64_t start_ns, uint32_t *ret_slot, uint32_t *ret_id);
void pawl_sensor_free_slot(struct pawl_sensor *sensor, uint32_t slot);

/*
 * Marks a process, by pidfd, as part of a session. Its threads and descendants follow with
 * pawl_sensor_each_task(seed). A mark that it has, of a detached session, is replaced.
 * 0; -ESRCH: it has ended.
 */
int pawl_sensor_mark(struct pawl_sensor *sensor, int pidfd, uint32_t slot, uint32_t id);

/* The mark of a process. 0; -ENOENT: it lives and is not watched; -ESRCH: it has ended. */
int pawl_sensor_mark_of(const struct pawl_sensor *sensor, int pidfd, struct pawl_task *ret_mark);

/* Calls @fn for each watched task. @seed: first spread marks to threads and descendants. */
typedef void (*pawl_sensor_task_fn)(void *ctx, const struct pawl_task_record *task);
int pawl_sensor_each_task(struct pawl_sensor *sensor, bool seed, pawl_sensor_task_fn fn, void *ctx);

/* Calls @fn for each stopped operation; it may delete the one that it is given. */
typedef void (*pawl_sensor_held_fn)(void *ctx, const struct pawl_held *held);
int pawl_sensor_each_held(const struct pawl_sensor *sensor, pawl_sensor_held_fn fn, void *ctx);
void pawl_sensor_delete_held(const struct pawl_sensor *sensor, const struct pawl_held *held);

/* Calls @fn for each aggregate. */
typedef void (*pawl_sensor_dir_fn)(void *ctx, const struct pawl_dir_key *key,
				   const struct pawl_dir *dir);
int pawl_sensor_each_dir(const struct pawl_sensor *sensor, pawl_sensor_dir_fn fn, void *ctx);
void pawl_sensor_delete_dir(const struct pawl_sensor *sensor, const struct pawl_dir_key *key);

/* Replaces all rules and signatures. A rule with .need of 0 is unused. 0 or a negative errno. */
int pawl_sensor_clear_rules(struct pawl_sensor *sensor);
int pawl_sensor_set_rule(struct pawl_sensor *sensor, uint32_t index, const struct pawl_rule *rule);

/* Adds @rule (PAWL_MAX_RULES: none) to what @kind and @value stand for. -E2BIG: too many. */
int pawl_sensor_add_signature(struct pawl_sensor *sensor, enum pawl_kind kind, uint64_t value,
			      uint32_t rule);

/* What the kernel looks at, at exec of unwatched processes. */
void pawl_sensor_look_at(struct pawl_sensor *sensor, bool environment, bool scope);

/*
 * Who acts for others, and where. Addresses are hashes as pawl_broker_hash() makes them; an
 * address that two brokers share is the later one's. 0; -E2BIG: the kernel's table is full;
 * another negative errno.
 */
int pawl_sensor_add_broker_address(struct pawl_sensor *sensor, uint64_t hash, uint32_t index);
int pawl_sensor_set_broker(struct pawl_sensor *sensor, uint32_t index,
			   const struct pawl_broker *broker);

/* One place more, until they are replaced. */
int pawl_sensor_add_place(struct pawl_sensor *sensor, uint64_t dev, uint64_t ino,
			  const struct pawl_place *place);

/* A watched tree gets no descriptor of the maps, programs and links. */
void pawl_sensor_add_own_objects(struct pawl_sensor *sensor);

/* Deletes all others than these and its own BPF objects: what stays is in force throughout. */
int pawl_sensor_keep_broker_addresses(struct pawl_sensor *sensor, const uint64_t *hashes, size_t n);
int pawl_sensor_replace_places(struct pawl_sensor *sensor, const struct pawl_place_key *keys,
			       const struct pawl_place *places, size_t n);

/* Process @pid is one of pawl's own, that a watched tree cannot touch; 0: there is none. */
enum pawl_guard { PAWL_GUARD_DAEMON = 0, PAWL_GUARD_KEEPER, PAWL_GUARD_STARTING, PAWL_GUARD_TRIAL };
void pawl_sensor_guard(struct pawl_sensor *sensor, enum pawl_guard which, uint32_t pid);

uint64_t pawl_sensor_counter(const struct pawl_sensor *sensor, enum pawl_counter counter);

/* One more, one less session is held or killed: what the tracepoint backend looks at first. */
void pawl_sensor_alarm(struct pawl_sensor *sensor);
void pawl_sensor_calm(struct pawl_sensor *sensor);

/*
 * pawl_sensor_hook() - attach what comes before fallocate(2), where every read and write of the
 * machine comes by. What waits for it goes on even if it cannot be attached. Pinned as all else.
 * Return: 0, also when it is attached already, or the backend has none; a negative errno.
 * pawl_sensor_unhook(): detaches it again, where nobody is watched.
 */
int pawl_sensor_hook(struct pawl_sensor *sensor);
void pawl_sensor_unhook(struct pawl_sensor *sensor);

/* The hooks of this backend. Return: how many were written to @ret_hooks. */
size_t pawl_sensor_hooks(struct pawl_sensor *sensor, struct pawl_hook ret_hooks[PAWL_HOOKS_MAX]);

/* At most so many new processes, and programs that they executed, the kernel has not shown us. */
uint64_t pawl_sensor_skipped(const struct pawl_sensor *sensor);
void pawl_sensor_set_tested(struct pawl_sensor *sensor, const char *hook);

#endif
