/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions: what is told by the kernel, by people and by the clock goes in, effects
 * come out as data. Pure: no clock, no system call, no log; a recorded trace replays to the
 * same effects.
 *
 * Sessions and holds live here. The kernel enforces whatever this says, and keeps enforcing
 * what it said last while this says nothing.
 */
#ifndef PAWL_CORE_DECIDE_H
#define PAWL_CORE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/attempts.h"
#include "user/core/decode.h"
#include "user/core/explain.h"
#include "user/core/policy.h"

#define PAWL_HOLDS_KEPT 1024  /* resolved holds that are remembered; the oldest go first */
#define PAWL_EFFECTS_MAX 4096 /* effects that wait to be taken; see pawl_core_overflow() */
#define PAWL_ENDED_KEPT 256   /* ended sessions that are remembered */
#define PAWL_REASON_MAX 256

/* When something happened, on both clocks. */
struct pawl_when {
	uint64_t mono_ns;
	uint64_t real_ns;
};

enum pawl_session_state {
	PAWL_SESSION_RUNNING = 0,
	PAWL_SESSION_HELD,
	PAWL_SESSION_PAUSED,
	PAWL_SESSION_KILLED,
	PAWL_SESSION_DETACHED,
	PAWL_SESSION_ENDED,
	PAWL_SESSION_STATE_MAX,
};

struct pawl_live_session {
	struct pawl_live_session *next;
	uint32_t id;
	uint32_t slot;
	uint32_t root_pid;
	uint32_t uid;
	uint64_t root_start_ns;
	struct pawl_when since;
	enum pawl_session_state state;
	uint32_t profile;		/* of the policy */
	uint32_t hold;			/* open hold, 0: none */
	uint64_t deny_until_ns;		/* no budget before this, CLOCK_MONOTONIC */
	uint64_t seq;			/* last hold number seen in the kernel's word */
	uint64_t ops[PAWL_CLASS_MAX];	/* of an ended one; the kernel has those of a live one */
	struct pawl_attempts *attempts; /* of this window; NULL: none. The core's own */
	char agent[PAWL_NAME_MAX];
};

enum pawl_hold_state {
	PAWL_HOLD_HELD = 0,
	PAWL_HOLD_APPROVED,
	PAWL_HOLD_DENIED,
	PAWL_HOLD_KILLED,
	PAWL_HOLD_EXPIRED,
	PAWL_HOLD_GONE,
	PAWL_HOLD_STATE_MAX,
};

struct pawl_hold {
	struct pawl_hold *next; /* older ones first */
	uint32_t id;
	uint32_t session;
	uint64_t seq;
	enum pawl_hold_state state;
	struct pawl_when since;
	struct pawl_when until; /* time-out while held, time of the decision after */
	uint64_t lost;		/* files, by this session, when the hold opened */
	uint64_t recoverable;	/* of those */
	uint64_t limit;		/* the budget that was exceeded; 0: its class has none */
	uint64_t per_ms;
	char agent[PAWL_NAME_MAX];
	/* of a directory moved into a temporary place: people are asked when it is counted */
	bool counting;
	bool once; /* what was decided then is about that operation alone: no fresh budget */
	enum pawl_action action; /* what the policy does past the budget */
	struct pawl_content content;
	char name[PAWL_ADDRESS_BYTES]; /* of the broker, or the temporary place; "": neither */
	char by[PAWL_NAME_MAX];	       /* who decided; "" while held */
	char reason[PAWL_REASON_MAX];  /* given with the decision */
	struct pawl_operation op;
	/* read from the stopped process by the shell; owned by the hold, NULL: not known */
	char *executable;
	char *cwd;
	char *args; /* args_size bytes, NUL-separated */
	size_t args_size;
};

enum pawl_effect_type {
	PAWL_EFFECT_NONE = 0,
	PAWL_EFFECT_RESOLVE, /* write a decision into the kernel's session */
	PAWL_EFFECT_RESUME,  /* continue what hold .seq stopped, children first */
	PAWL_EFFECT_REFUSE,  /* tracepoint: the hooks cannot refuse what hold .seq stopped */
	PAWL_EFFECT_KILL,    /* kill the session's tree */
	PAWL_EFFECT_PAUSE,   /* stop the session's tree */
	PAWL_EFFECT_UNPAUSE, /* continue it, children first */
	PAWL_EFFECT_DETACH,  /* stop watching; continue what is stopped */
	PAWL_EFFECT_COUNT,   /* count what is in the directory of the hold: pawl_core_counted() */
	PAWL_EFFECT_NOTICE,  /* tell the stopped program and its terminal */
	PAWL_EFFECT_RECORD,  /* write to the log: .record */
	PAWL_EFFECT_FORGET,  /* the session has ended: free its slot */
	PAWL_EFFECT_MAX,
};

enum pawl_record_type {
	PAWL_RECORD_SESSION_START = 0,
	PAWL_RECORD_SESSION_END,
	PAWL_RECORD_SESSION_KILL,
	PAWL_RECORD_SESSION_PAUSE,
	PAWL_RECORD_SESSION_RESUME,
	PAWL_RECORD_SESSION_DETACH,
	PAWL_RECORD_HOLD_OPEN,
	PAWL_RECORD_HOLD_RESOLVED,
	/* let pass, and refused without asking: over a budget; pawl itself; a broker; the rest */
	PAWL_RECORD_OBSERVED,
	PAWL_RECORD_DENIED,
	PAWL_RECORD_TAMPER_OBSERVED,
	PAWL_RECORD_TAMPER_DENIED,
	PAWL_RECORD_BROKER_OBSERVED,
	PAWL_RECORD_BROKER_DENIED,
	PAWL_RECORD_OPERATION_OBSERVED,
	PAWL_RECORD_OPERATION_DENIED,
	PAWL_RECORD_EXEC,
	PAWL_RECORD_MAX,
};

struct pawl_effect {
	enum pawl_effect_type type;
	enum pawl_record_type record;
	uint32_t session;
	uint32_t slot;
	uint32_t hold;
	uint64_t seq;
	enum pawl_decision decision; /* RESOLVE */
	bool one;		     /* RESOLVE: of the operation that opened the hold alone */
	uint64_t free_until_ns;	     /* RESOLVE: CLOCK_MONOTONIC; 0: leave the limit */
	uint64_t deny_until_ns;	     /* RESOLVE: CLOCK_MONOTONIC; no budget before this */
	uint64_t limit;		     /* COUNT: more than this is too many in any case */
	uint32_t fresh;		     /* RESOLVE: 1 << enum pawl_bucket that begins anew */
	bool rings;		     /* RESOLVE: io_uring was approved */
	/* RECORD of what was not recorded one by one: how often; 0: of one operation */
	uint64_t count;
	uint32_t class;
	char broker[PAWL_NAME_MAX];
};

enum pawl_verb {
	PAWL_VERB_APPROVE = 0,
	PAWL_VERB_DENY,
	PAWL_VERB_KILL,
	PAWL_VERB_PAUSE,
	PAWL_VERB_RESUME,
	PAWL_VERB_DETACH,
	PAWL_VERB_MAX,
};

/* What a person, or the end of pawld, asks for. */
struct pawl_command {
	enum pawl_verb verb;
	uint32_t id;	    /* of the hold (approve, deny), else of the session */
	uint64_t for_ms;    /* approve: no limit for that long; 0: a fresh budget */
	const char *by;	    /* user name or "pawld" */
	const char *reason; /* may be NULL */
};

struct pawl_core;

/* @policy is borrowed and must live until replaced. 0, -ENOMEM. */
int pawl_core_new(const struct pawl_policy *policy, enum pawl_backend backend,
		  struct pawl_core **ret_core);
void pawl_core_free(struct pawl_core *core);
void pawl_core_set_policy(struct pawl_core *core, const struct pawl_policy *policy);

/*
 * A session was found or made. Known ids are passed over. @start: id, slot, root_pid, uid,
 * root_start_ns, profile and agent are taken from it. 0, -ENOMEM, -EEXIST.
 */
int pawl_core_begin(struct pawl_core *core, struct pawl_when now,
		    const struct pawl_live_session *start);

/*
 * A session that an earlier pawld has left, as it was: of @left everything is taken but .hold,
 * and what that one may not have finished is done again. 0, -ENOMEM, -EEXIST.
 */
int pawl_core_adopt(struct pawl_core *core, struct pawl_when now,
		    const struct pawl_live_session *left);

/* Opens hold @hold of an adopted session again, under its old number. 0, -ENOENT, -ENOMEM. */
int pawl_core_adopt_hold(struct pawl_core *core, struct pawl_when since, uint32_t id, uint32_t hold,
			 const struct pawl_operation *op, uint64_t lost);

/* Number of the last hold that was opened; 0: none was. */
uint32_t pawl_core_last_hold(const struct pawl_core *core);

/* New holds are numbered from @last + 1. */
void pawl_core_number_holds(struct pawl_core *core, uint32_t last);

/* Gives a session another profile of the policy in force. */
void pawl_core_set_profile(struct pawl_core *core, uint32_t id, uint32_t profile);

/* Its last task is gone, and it had done @ops operations. It stays in the list of the ended. */
void pawl_core_end(struct pawl_core *core, struct pawl_when now, uint32_t id,
		   const uint64_t ops[PAWL_CLASS_MAX]);

/*
 * A session went over its budget, or tried what has none. @lost: files it has destroyed so
 * far. Repeated verdicts on one hold are passed over; what was only observed or denied is
 * recorded, the first ones of a minute one by one. What waits for a hook (PAWL_DETAIL_UNHOOKED)
 * goes on: the caller has attached it. 0, -ENOENT: no such session, -ENOMEM.
 */
int pawl_core_verdict(struct pawl_core *core, struct pawl_when now, uint32_t id, uint64_t seq,
		      enum pawl_action action, const struct pawl_operation *op, uint64_t lost);

/*
 * What the directory of hold @id holds, as PAWL_EFFECT_COUNT asked. @covered: it was spent from
 * the session's budget, so the operation goes on; else people are asked now, or the policy does
 * what it does without them. Passed over where nobody waits for it any more.
 */
void pawl_core_counted(struct pawl_core *core, struct pawl_when now, uint32_t id,
		       const struct pawl_content *content, bool covered);

/* A process of session @id executed something. Return: whether that is recorded by itself. */
bool pawl_core_exec(struct pawl_core *core, struct pawl_when now, uint32_t id);

/* A task stopped under hold @seq: continued at once where that is decided already. */
void pawl_core_stopped(struct pawl_core *core, uint32_t id, uint64_t seq, uint32_t flags);

/* Nothing is stopped any more although a hold is open: its processes have ended. */
void pawl_core_nobody(struct pawl_core *core, struct pawl_when now, uint32_t id);

/* Time passes: holds whose time is up are resolved as the policy says, and counts are told. */
void pawl_core_tick(struct pawl_core *core, struct pawl_when now);

/*
 * Resolves open holds as if their time were up, and resumes what is paused: pawld ends. What
 * does not fit among the effects is left for the next call.
 */
void pawl_core_expire(struct pawl_core *core, struct pawl_when now);

/* 0; -ENOENT: no such hold or session; -EALREADY: decided, or in that state already. */
int pawl_core_command(struct pawl_core *core, struct pawl_when now,
		      const struct pawl_command *command);

/* Takes the next effect. Return: false when there is none. */
bool pawl_core_effect(struct pawl_core *core, struct pawl_effect *ret_effect);

/* Effects that were dropped because nobody took them; 0 in a healthy loop. */
uint64_t pawl_core_overflow(const struct pawl_core *core);

/* First of the lists, for showing. Holds: oldest first. */
const struct pawl_live_session *pawl_core_sessions(const struct pawl_core *core);
const struct pawl_live_session *pawl_core_ended(const struct pawl_core *core); /* newest first */
const struct pawl_live_session *pawl_core_session(const struct pawl_core *core, uint32_t id);
const struct pawl_hold *pawl_core_holds(const struct pawl_core *core);
const struct pawl_hold *pawl_core_hold(const struct pawl_core *core, uint32_t id);

/* What the stopped process runs. Takes ownership of the texts, which may be NULL. */
void pawl_core_describe(struct pawl_core *core, uint32_t id, char *executable, char *cwd,
			char *args, size_t args_size);

/* When the next time-out or count is due, CLOCK_MONOTONIC; UINT64_MAX: none. */
uint64_t pawl_core_next_ns(const struct pawl_core *core);

const char *pawl_session_state_name(enum pawl_session_state state);
const char *pawl_hold_state_name(enum pawl_hold_state state);
const char *pawl_record_name(enum pawl_record_type type);

/* Whether a record tells of one operation that was let pass or refused. */
bool pawl_record_is_operation(enum pawl_record_type type);

#endif
