/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people and for machines, used by every stage that shows something. It knows
 * nothing of what it prints, reads no locale, time zone or clock, and nothing that a
 * watched program chose leaves it unescaped.
 */
#include "user/core/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 128
#define TOKEN_MAX 17 /* the longest piece safe_token() makes: 4 bytes as \xNN, and a NUL */

void pawl_text_freep(struct pawl_text *text)
{
	free(text->data);
	*text = (struct pawl_text){0};
}

/* Makes room for @more bytes and a NUL. */
static bool reserve(struct pawl_text *text, size_t more)
{
	size_t room = text->room ? text->room : ROOM_FIRST;
	char *data;

	if (text->failed)
		return false;
	if (more >= SIZE_MAX / 4 - text->size) {
		text->failed = true;
		return false;
	}
	if (text->room > text->size + more)
		return true;
	while (room <= text->size + more)
		room *= 2;
	data = realloc(text->data, room);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->room = room;
	return true;
}

void pawl_text_add(struct pawl_text *text, const char *bytes, size_t size)
{
	if (!reserve(text, size))
		return;
	if (size)
		memcpy(text->data + text->size, bytes, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void pawl_text_str(struct pawl_text *text, const char *string)
{
	pawl_text_add(text, string, strlen(string));
}

void pawl_text_printf(struct pawl_text *text, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0) {
		text->failed = true;
		return;
	}
	if (!reserve(text, (size_t)size))
		return;
	va_start(args, format);
	vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
	va_end(args);
	text->size += (size_t)size;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The Unicode standard, table 3-7: well-formed sequences, by their first byte. */
static const struct {
	unsigned char first, last; /* of the first byte */
	unsigned char low, high;   /* of the second: no overlong form, no surrogate */
	size_t length;
} utf8_rows[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t pawl_utf8_length(const unsigned char *string)
{
	if (!*string)
		return 0;
	if (*string < 0x80)
		return 1;
	for (size_t row = 0; row < sizeof(utf8_rows) / sizeof(utf8_rows[0]); row++) {
		if (*string < utf8_rows[row].first || *string > utf8_rows[row].last)
			continue;
		if (string[1] < utf8_rows[row].low || string[1] > utf8_rows[row].high)
			return 0;
		/* A NUL is no continuation byte, so this never reads past the end. */
		for (size_t i = 2; i < utf8_rows[row].length; i++) {
			if (!is_continuation(string[i]))
				return 0;
		}
		return utf8_rows[row].length;
	}
	return 0;
}

/*
 * Whether the valid sequence at @string may alter how a terminal shows its
 * surroundings: C0, DEL, C1 (U+0080-U+009F), bidirectional overrides and isolates
 * (U+202A-U+202E, U+2066-U+2069).
 */
static bool is_control(const unsigned char *string, size_t length)
{
	if (length == 1)
		return *string < 0x20 || *string == 0x7f;
	if (length == 2)
		return string[0] == 0xc2 && string[1] < 0xa0;
	if (length != 3 || string[0] != 0xe2)
		return false;
	if (string[1] == 0x80)
		return string[2] >= 0xaa && string[2] <= 0xae;
	return string[1] == 0x81 && string[2] >= 0xa6 && string[2] <= 0xa9;
}

static unsigned int code_point(const unsigned char *string, size_t length)
{
	static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned int code = string[0] & first_bits[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (string[i] & 0x3fU);
	return code;
}

/* One character as JSON has it; every control character lies below U+10000. */
static void json_character(struct pawl_text *text, const unsigned char *at, size_t length)
{
	static const char *const shorts[0x80] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r",
		['\t'] = "\\t", ['\b'] = "\\b",	 ['\f'] = "\\f",
	};

	if (length == 1 && shorts[*at])
		pawl_text_str(text, shorts[*at]);
	else if (is_control(at, length))
		pawl_text_printf(text, "\\u%04x", code_point(at, length));
	else
		pawl_text_add(text, (const char *)at, length);
}

void pawl_text_json(struct pawl_text *text, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	pawl_text_add(text, "\"", 1);
	while (*at) {
		size_t length = pawl_utf8_length(at);

		if (length)
			json_character(text, at, length);
		else
			pawl_text_str(text, "\xef\xbf\xbd"); /* U+FFFD */
		at += length ? length : 1;
	}
	pawl_text_add(text, "\"", 1);
}

/*
 * The next character of @at as a terminal may see it, in @out.
 * Return: bytes of @at that were used; 0 at its end.
 */
static size_t safe_token(const unsigned char *at, char out[TOKEN_MAX])
{
	size_t length = pawl_utf8_length(at);
	size_t used = length ? length : 1;

	if (!*at)
		return 0;
	if (length && !is_control(at, length)) {
		memcpy(out, at, length);
		out[length] = '\0';
		return length;
	}
	for (size_t i = 0; i < used; i++)
		snprintf(out + 4 * i, TOKEN_MAX - 4 * i, "\\x%02x", at[i]);
	return used;
}

void pawl_text_safe(struct pawl_text *text, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	char token[TOKEN_MAX];
	size_t used;

	while ((used = safe_token(at, token)) > 0) {
		pawl_text_str(text, token);
		at += used;
	}
}

char *pawl_safe(const char *string, char *out, size_t size)
{
	const unsigned char *at = (const unsigned char *)string;
	char token[TOKEN_MAX];
	size_t used, at_out = 0;

	assert(size > 0);
	/* An escape or a character that does not fit as a whole is left out. */
	while ((used = safe_token(at, token)) > 0) {
		size_t length = strlen(token);

		if (length >= size - at_out)
			break;
		memcpy(out + at_out, token, length);
		at_out += length;
		at += used;
	}
	out[at_out] = '\0';
	return out;
}

/*
 * Days since 1970-01-01 to a date of the Gregorian calendar, with years that begin in
 * March so that the leap day is the last. gmtime_r() would read the time zone file.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
 */
static void civil_date(uint64_t days, unsigned int *ret_year, unsigned int *ret_month,
		       unsigned int *ret_day)
{
	uint64_t shifted = days + 719468; /* days since 0000-03-01 */
	uint64_t era = shifted / 146097;  /* of 400 years */
	unsigned int of_era = (unsigned int)(shifted % 146097);
	unsigned int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned int of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned int march = (5 * of_year + 2) / 153; /* 0: March */

	*ret_day = of_year - (153 * march + 2) / 5 + 1;
	*ret_month = march < 10 ? march + 3 : march - 9;
	*ret_year = year + (unsigned int)era * 400 + (*ret_month <= 2);
}

char *pawl_time_format(uint64_t realtime_ns, char out[32])
{
	uint64_t seconds = realtime_ns / 1000000000;
	unsigned int of_day = (unsigned int)(seconds % 86400);
	unsigned int ms = (unsigned int)(realtime_ns / 1000000 % 1000);
	unsigned int year, month, day;

	civil_date(seconds / 86400, &year, &month, &day);
	/* 64 bits of nanoseconds end in 2554: the modulo only shows the compiler that it fits. */
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100,
		 day % 100, of_day / 3600, of_day / 60 % 60, of_day % 60, ms);
	return out;
}
