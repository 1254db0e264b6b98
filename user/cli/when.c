/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time on their way to a table. Apart from pawl_when_now_ms() and the time
 * zone it depends on its arguments alone; it must not print.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "user/cli/when.h"

#define HALF_DAY_MS (12LL * 3600 * 1000)

static bool two_digits(const char *text, int below, int *ret_number)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret_number = (text[0] - '0') * 10 + text[1] - '0';
	return *ret_number < below;
}

/* "Z" or "+02:00", and nothing behind it. */
static int parse_zone(const char *text, int *ret_seconds)
{
	int hours, minutes;

	if ((text[0] == 'Z' || text[0] == 'z') && !text[1]) {
		*ret_seconds = 0;
		return 0;
	}
	if (text[0] != '+' && text[0] != '-')
		return -EINVAL;
	if (!two_digits(text + 1, 24, &hours) || text[3] != ':' ||
	    !two_digits(text + 4, 60, &minutes) || text[6])
		return -EINVAL;
	*ret_seconds = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
	return 0;
}

int pawl_when_parse(const char *text, int64_t *ret_ms)
{
	struct tm tm = {0};
	int64_t ms = 0, unit = 100;
	int zone_s;
	const char *at = strptime(text, "%Y-%m-%d", &tm);

	if (!at || (*at != 'T' && *at != 't' && *at != ' '))
		return -EINVAL;
	at = strptime(at + 1, "%H:%M:%S", &tm);
	if (!at)
		return -EINVAL;
	if (*at == '.') {
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
			ms += (*at - '0') * unit;
	}
	if (parse_zone(at, &zone_s) < 0)
		return -EINVAL;
	*ret_ms = ((int64_t)timegm(&tm) - zone_s) * 1000 + ms;
	return 0;
}

char *pawl_when_format(int64_t at_ms, int64_t now_ms, char out[32])
{
	time_t seconds = at_ms / 1000;
	bool near = at_ms > now_ms - HALF_DAY_MS && at_ms < now_ms + HALF_DAY_MS;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) ||
	    strftime(out, 32, near ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, 32, "?");
	return out;
}

char *pawl_when_local(const char *text, char out[32])
{
	int64_t at_ms;

	if (pawl_when_parse(text, &at_ms) == 0)
		return pawl_when_format(at_ms, pawl_when_now_ms(), out);
	snprintf(out, 32, "?");
	return out;
}

char *pawl_when_span(int64_t span_ms, char out[32])
{
	long long s = span_ms < 0 ? 0 : span_ms / 1000;

	if (s < 60)
		snprintf(out, 32, "%llds", s);
	else if (s < 3600)
		snprintf(out, 32, "%lldm %llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, 32, "%lldh %lldm", s / 3600, s % 3600 / 60);
	else
		snprintf(out, 32, "%lldd %lldh", s / 86400, s % 86400 / 3600);
	return out;
}

int64_t pawl_when_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
