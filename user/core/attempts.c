/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the decisions, which ask whether an attempt is worth a record. Its size is fixed,
 * whatever a session does: a counter for each class and each broker. It must not decide what
 * happens to an attempt.
 */
#include "user/core/attempts.h"

#include <errno.h>
#include <stdlib.h>

/* Classes, executions, brokers. */
#define FIRST_BROKER (PAWL_ATTEMPTS_EXEC + 1)
#define KINDS (FIRST_BROKER + PAWL_MAX_BROKERS)

struct pawl_attempts {
	uint64_t until_ns;
	uint32_t next; /* before it nothing is left to be taken */
	uint64_t n[2 * KINDS];
};

int pawl_attempts_new(uint64_t now_ns, struct pawl_attempts **ret_attempts)
{
	struct pawl_attempts *attempts = calloc(1, sizeof(*attempts));

	if (!attempts)
		return -ENOMEM;
	attempts->until_ns = now_ns + PAWL_ATTEMPTS_WINDOW_MS * 1000000ULL;
	*ret_attempts = attempts;
	return 0;
}

static uint32_t kind_of(uint32_t class, uint32_t broker)
{
	if (class == PAWL_CLASS_BROKER && broker < PAWL_MAX_BROKERS)
		return FIRST_BROKER + broker;
	return class <= PAWL_ATTEMPTS_EXEC ? class : PAWL_CLASS_NONE;
}

static uint64_t singly(uint32_t kind)
{
	return kind == PAWL_ATTEMPTS_EXEC ? PAWL_EXECS_SINGLY : PAWL_ATTEMPTS_SINGLY;
}

bool pawl_attempts_add(struct pawl_attempts *attempts, uint32_t class, uint32_t broker,
		       bool observed)
{
	uint32_t kind = kind_of(class, broker);

	return attempts->n[2 * kind + observed]++ < singly(kind);
}

uint64_t pawl_attempts_until_ns(const struct pawl_attempts *attempts)
{
	return attempts->until_ns;
}

bool pawl_attempts_take(struct pawl_attempts *attempts, struct pawl_attempts_rest *ret_rest)
{
	for (; attempts->next < 2 * KINDS; attempts->next++) {
		uint32_t kind = attempts->next / 2;
		uint64_t n = attempts->n[attempts->next];

		if (n <= singly(kind))
			continue;
		*ret_rest = (struct pawl_attempts_rest){
			.class = kind < FIRST_BROKER ? kind : PAWL_CLASS_BROKER,
			.broker = kind < FIRST_BROKER ? 0 : kind - FIRST_BROKER,
			.observed = attempts->next % 2,
			.count = n - singly(kind),
		};
		attempts->next++;
		return true;
	}
	return false;
}
