/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people and for machines: a bounded string builder, JSON strings, and
 * the escaping without which nothing that a watched program chose is printed.
 */
#ifndef PAWL_CORE_TEXT_H
#define PAWL_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing buffer. Zero-initialise; free .data. After -ENOMEM it stays as it was and .failed is set. */
struct pawl_text {
	char *data; /* NUL-terminated when not NULL */
	size_t size;
	size_t room;
	bool failed;
};

void pawl_text_freep(struct pawl_text *text);
void pawl_text_add(struct pawl_text *text, const char *bytes, size_t size);
void pawl_text_str(struct pawl_text *text, const char *string);
__attribute__((format(printf, 2, 3))) void pawl_text_printf(struct pawl_text *text,
							    const char *format, ...);

/*
 * Adds @string as a JSON string with its quotes. Bytes that are not UTF-8 become
 * U+FFFD; control characters are escaped.
 */
void pawl_text_json(struct pawl_text *text, const char *string);

/*
 * Adds @string for a terminal: control bytes, DEL, C1 controls, bidirectional
 * overrides and bytes that are not UTF-8 as \xNN, a backslash as itself.
 */
void pawl_text_safe(struct pawl_text *text, const char *string);

/* The same into a fixed buffer, cut to fit, always terminated. Return: @out. */
char *pawl_safe(const char *string, char *out, size_t size);

/* CLOCK_REALTIME nanoseconds as RFC 3339 in UTC with milliseconds. @out: 32 bytes. */
char *pawl_time_format(uint64_t realtime_ns, char out[32]);

/* Length of the valid UTF-8 sequence at @string (1 to 4), or 0 where there is none. */
size_t pawl_utf8_length(const unsigned char *string);

#endif
