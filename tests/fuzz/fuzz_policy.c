/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes are a policy or a list of faults in valid UTF-8 with no
 * control characters, and what is accepted reads back from its formatted text.
 *
 * make fuzz builds and runs it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what, const char *text)
{
	if (holds)
		return;
	fprintf(stderr, "%s:\n%s\n", what, text ? text : "");
	abort();
}

/* Faults may be printed as they are. */
static void check_error(const char *error)
{
	_cleanup_(pawl_text_freep) struct pawl_text shown = {0};
	_cleanup_free_ char *plain = strdup(error);

	require(plain && *plain, "a message", error);
	for (char *at = plain; *at; at++) {
		if (*at == '\n' || *at == '\t')
			*at = ' ';
	}
	pawl_text_safe(&shown, plain);
	require(shown.data && !strcmp(shown.data, plain), "unsafe message", error);
}

static void check_round_trip(const struct pawl_policy *policy)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *again = NULL;
	_cleanup_free_ char *text = NULL, *text_again = NULL, *error = NULL;

	require(pawl_policy_format(policy, &text) == 0, "format", NULL);
	require(pawl_policy_parse(text, strlen(text), "again", &again, &error) == 0, "parse again",
		error);
	require(pawl_policy_format(again, &text_again) == 0, "format again", text);
	require(!strcmp(text, text_again), "the same policy", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(pawl_policy_freep) struct pawl_policy *policy = NULL;
	_cleanup_free_ char *error = NULL;
	int err = pawl_policy_parse((const char *)data, size, "fuzz", &policy, &error);

	require(err == 0 || err == -EINVAL, "an errno that is documented", NULL);
	require(!policy == !!err && !error == !err, "one of policy and error", error);
	if (err)
		check_error(error);
	else
		check_round_trip(policy);
	return 0;
}
