/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event log: JSON Lines, one object a record, field names as ECS where ECS has one and
 * pawl.* for the rest. Written by hand: it stands behind the hot path.
 */
#ifndef PAWL_SHELL_RECORD_H
#define PAWL_SHELL_RECORD_H

#include <stdint.h>

#include "user/core/decide.h"
#include "user/core/decode.h"

struct pawl_recorder;

/* Opens the log for appending; "-" is standard output. 0 or a negative errno. */
int pawl_recorder_open(const char *path, struct pawl_recorder **ret_recorder);
void pawl_recorder_close(struct pawl_recorder *recorder);

/* Opens the path anew, for a log that was rotated away. 0 or a negative errno. */
int pawl_recorder_reopen(struct pawl_recorder *recorder);

/* Records that could not be written. */
uint64_t pawl_recorder_lost(const struct pawl_recorder *recorder);

/* pawld itself: daemon.start, daemon.stop, policy.reload, events.lost … @detail may be NULL. */
void pawl_record_daemon(struct pawl_recorder *recorder, struct pawl_when now, const char *action,
			const char *detail);

void pawl_record_exec(struct pawl_recorder *recorder, struct pawl_when now, const char *agent,
		      const struct pawl_exec_event *event);

/*
 * @hold may be NULL; @op is the operation of a record without one, and may be NULL too;
 * @broker is the name of its broker, "" for none.
 */
void pawl_record_effect(struct pawl_recorder *recorder, struct pawl_when now,
			enum pawl_record_type type, const struct pawl_live_session *session,
			uint32_t session_id, const struct pawl_hold *hold,
			const struct pawl_operation *op, const char *broker);

/* What was not recorded one by one: @effect.count times the same. */
void pawl_record_attempts(struct pawl_recorder *recorder, struct pawl_when now,
			  const struct pawl_effect *effect, const char *agent);

/* @count operations of one class in one directory since the last such record. */
void pawl_record_operations(struct pawl_recorder *recorder, struct pawl_when now, const char *agent,
			    const struct pawl_dir_key *key, const char *directory, uint64_t count);

#endif
