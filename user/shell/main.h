/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of main share. Only main*.c see every module; the modules do not see each
 * other.
 */
#ifndef PAWL_SHELL_MAIN_H
#define PAWL_SHELL_MAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/core/assess.h"
#include "user/core/decide.h"
#include "user/core/policy.h"
#include "user/core/proctree.h"
#include "user/shell/act.h"
#include "user/shell/control.h"
#include "user/shell/keeper.h"
#include "user/shell/record.h"
#include "user/shell/sensor.h"

#define PAWL_VERSION "0.1.0"

#define PAWL_DEFAULT_SOCKET "/run/pawl/pawl.sock"
#define PAWL_DEFAULT_LOG "/var/log/pawl/events.jsonl"

/* How often a lock is tried, and after what time again. */
#define DAEMON_LOCK_TRIES 100
#define DAEMON_LOCK_US 20000

struct options {
	const char *config; /* NULL: /etc/pawl/pawl.yaml where it exists, else built in */
	const char *socket;
	const char *state_dir;
	const char *log;
	const char *pin_dir; /* NULL: nothing is pinned */
	uint64_t lease_ms;
	enum pawl_backend backend; /* NONE: auto */
	int mode;		   /* enum pawl_mode; -1: as the policy says */
	uint32_t ring_kib;
	bool check;
	bool no_agents;
	bool release;
};

/* A backend that was tried before the one that is used. */
struct refused {
	enum pawl_backend backend;
	char *why;
};

/* A process that counts what is in a directory. */
struct census {
	uint32_t hold; /* whose directory; 0: there is none */
	int fd;
	struct pawl_target child;
	uint64_t late_ns; /* it is not waited for any longer, CLOCK_MONOTONIC */
};
#define DAEMON_CENSUSES 16 /* where more are wanted, people are asked without */

struct daemon {
	struct options options;
	char *config_name; /* what the policy in force was read from */
	struct pawl_policy *policy;
	struct pawl_core *core;
	struct pawl_proctree *tree;
	struct pawl_assess *assess;
	struct pawl_sensor *sensor;
	struct pawl_recorder *recorder;
	struct pawl_control *control;
	struct refused refused[PAWL_BACKEND_MAX];
	size_t refused_n;
	char *client; /* how the client is called here: "pawl", or with its --socket */
	struct pawl_when since;
	uint64_t load_ms;
	const struct pawl_operation *verdict_op; /* of the record that is being handled, or NULL */
	uint64_t lost_seen;			 /* lost records that were reconciled already */
	uint64_t lost_until_ns;			 /* and these are not looked at before */
	uint64_t tasks_seen;			 /* lost marks that were made good already */
	uint64_t skipped_seen;			 /* what was skipped, likewise */
	uint64_t skipped_until_ns;		 /* and it is not looked for before */
	uint64_t ops_seen; /* operations at the last drain of the aggregates */
	uint64_t drain_ns; /* when that was */
	uint64_t empty_ns; /* when sessions were last looked at for tasks */
	int lock_fd;
	int pins_fd;		   /* lock on the directory of pins; -1: there is none */
	bool mounted;		   /* a BPF file system was, for them */
	enum pawl_pins pins;	   /* what was pinned when we started */
	struct pawl_shared before; /* the same, of what was shared */
	size_t adopted_n;	   /* sessions taken over */
	char *migrated;		   /* what was done to pins of another version; NULL: nothing */
	struct pawl_keeper keeper;
	struct census censuses[DAEMON_CENSUSES];
	bool leaving; /* what is pinned stays, for the next pawld */
	bool lost;    /* another pawld has taken over, or everything was released */
	bool stopping;
	bool hurry; /* something must be looked at again in milliseconds */
};

/* main.c */
struct pawl_when daemon_now(void);
__attribute__((format(printf, 1, 2))) void daemon_say(const char *format, ...);

/* main_options.c: the command line. 0: go on; 1: all is said; -EINVAL, with the line said */
int daemon_parse_options(int argc, char **argv, struct options *options);

/* main_backend.c: the best one that works here. -errno, with the line said */
int daemon_choose_backend(struct daemon *daemon);

/* main_pins.c: what outlives pawld. -errno, with the line said */
int daemon_pins_begin(struct daemon *daemon);
int daemon_pins_commit(struct daemon *daemon);
void daemon_pins_end(struct daemon *daemon);
uint64_t daemon_older_generation(const struct daemon *daemon);
void daemon_beat(struct daemon *daemon);
int daemon_pinned_watched(const struct pawl_pinned *pinned, struct pawl_target **ret_list,
			  size_t *ret_n);
size_t daemon_continue_stopped(const struct pawl_target *list, size_t n);
int daemon_release(const struct options *options); /* --release */

/* main_adopt.c: what an earlier pawld has left */
int daemon_adopt(struct daemon *daemon);
int daemon_migrate(struct daemon *daemon);
void daemon_label(struct daemon *daemon, uint32_t session);
void daemon_label_rule(struct daemon *daemon, uint32_t rule, const struct pawl_agent *agent);

/* main_census.c: what is in a directory that goes to a temporary place */
void daemon_count_moved(struct daemon *daemon, const struct pawl_effect *effect);
bool daemon_census_ended(struct daemon *daemon, pid_t pid); /* whether it was one of them */
void daemon_end_late_censuses(struct daemon *daemon);

/* main_keeper.c: somebody who is there when pawld is not */
void daemon_keep(struct daemon *daemon);

/* main_policy.c: the policy file, and its mirror in the kernel */
int daemon_read_policy(const struct options *options, struct pawl_policy **ret_policy,
		       char **ret_name, char **ret_error);
int daemon_load_rules(struct daemon *daemon);
/* A profile as the kernel takes it. */
struct pawl_terms daemon_terms(const struct pawl_policy *policy, uint32_t profile);
int daemon_reload(struct daemon *daemon, char **ret_error);

/* main_places.c: brokers and pawl's own files, in the kernel's tables */
int daemon_load_places(struct daemon *daemon);
struct pawl_broker daemon_broker_terms(const struct pawl_policy *policy, uint32_t index);

/* main_records.c: from the kernel into the core */
void daemon_on_verdict(void *ctx, void *data, size_t size);
void daemon_on_event(void *ctx, void *data, size_t size);
void daemon_take(struct daemon *daemon);  /* everything that waits */
void daemon_hook(struct daemon *daemon);  /* something can be cut out of files from now on */
void daemon_tick(struct daemon *daemon);  /* what must not depend on records */
void daemon_drain(struct daemon *daemon); /* aggregates into the assessment and the log */
/*
 * Ends sessions that have no task: the kernel may have skipped the program that counts an end, and a
 * pawld that dies between taking a slot and marking its process leaves one that never ends.
 */
void daemon_end_empty(struct daemon *daemon);
int daemon_begin_session(struct daemon *daemon, uint32_t slot, const char *agent, uint32_t profile);
uint64_t daemon_lost_files(struct daemon *daemon, uint32_t slot);
uint64_t daemon_lost_records(const struct daemon *daemon);

/* main_effects.c: from the core to the world */
void daemon_apply(struct daemon *daemon);	 /* all waiting effects */
void daemon_refuse_again(struct daemon *daemon); /* denials whose tracer ended with its pawld */
void daemon_sweep(struct daemon *daemon);	 /* nobody stays stopped, nobody survives a kill */
void daemon_shut(struct daemon *daemon);	 /* resolves all holds before pawld ends */

/* main_watch.c: what is watched from now on */
int daemon_seed(struct daemon *daemon);
void daemon_learn(void *ctx, const struct pawl_task_record *task);
bool daemon_is_watching(const struct daemon *daemon, const struct pawl_task *mark);
int daemon_watch(struct daemon *daemon, uint32_t pid, const char *agent, int profile,
		 uint32_t *ret_session);

/* main_serve.c: people's requests */
int daemon_answer(void *ctx, struct pawl_peer *peer, const json_t *request, json_t **ret_data,
		  char **ret_error);

/* main_show.c: what is shown */
json_t *show_sessions(struct daemon *daemon, bool all);
json_t *show_session(struct daemon *daemon, uint32_t id);
json_t *show_holds(struct daemon *daemon, bool all);
json_t *show_hold(struct daemon *daemon, const struct pawl_hold *hold, bool whole);
json_t *show_tree(struct daemon *daemon, uint32_t session);
json_t *show_doctor(struct daemon *daemon);
json_t *show_status(struct daemon *daemon);
void show_user(uint32_t uid, char *out, size_t size); /* its name, else its number */

#endif
