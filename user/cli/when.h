/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time: RFC 3339 comes in, local time is shown. */
#ifndef PAWL_CLI_WHEN_H
#define PAWL_CLI_WHEN_H

#include <stdint.h>

/* RFC 3339 to milliseconds since 1970. 0; -EINVAL. */
int pawl_when_parse(const char *text, int64_t *ret_ms);

/*
 * Milliseconds since 1970 as local time: "14:03:22" within the half day before @now_ms,
 * "2026-11-02 14:03" otherwise. Return: @out.
 */
char *pawl_when_format(int64_t at_ms, int64_t now_ms, char out[32]);

/* RFC 3339 as local time for a table; what cannot be read is returned as "?". */
char *pawl_when_local(const char *text, char out[32]);

/* Milliseconds as "40s", "3m 20s", "2h 5m", "4d 1h". Return: @out. */
char *pawl_when_span(int64_t span_ms, char out[32]);

int64_t pawl_when_now_ms(void); /* CLOCK_REALTIME */

#endif
