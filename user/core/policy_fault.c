/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of a policy text: collected with their place, then shown with line, column,
 * source line and caret. It judges nothing itself, and what it quotes is escaped,
 * because `pawl policy check` may be asked about anybody's file.
 */
#include "user/core/policy_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/core/text.h"

#define SHOWN_BEFORE 80 /* bytes of a long line that are shown before the caret */
#define SHOWN_AFTER 80

void pawl_fault_add(struct pawl_faults *faults, size_t pos, const char *format, ...)
{
	struct pawl_fault *fault;
	size_t at = faults->n;
	va_list args;

	if (faults->n == PAWL_FAULTS_MAX) {
		faults->missed++;
		return;
	}
	/* Insertion keeps faults of one place in the order in which they were found. */
	for (; at > 0 && faults->list[at - 1].pos > pos; at--)
		faults->list[at] = faults->list[at - 1];
	fault = &faults->list[at];
	fault->pos = pos;
	va_start(args, format);
	vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	faults->n++;
}

/* Length of the character at @at that lies before @end, never 0. */
static size_t character_length(const char *at, const char *end)
{
	char bytes[5] = "";
	size_t left = (size_t)(end - at);
	size_t length;

	memcpy(bytes, at, left < 4 ? left : 4);
	length = pawl_utf8_length((const unsigned char *)bytes);
	return length ? length : 1;
}

static const char *line_start(const struct pawl_faults *faults, size_t pos)
{
	const char *newline = pos ? memrchr(faults->text, '\n', pos) : NULL;

	if (newline)
		return newline + 1;
	/* A byte order mark takes no column and is not shown. */
	return faults->text + (pos >= 3 && !memcmp(faults->text, "\xef\xbb\xbf", 3) ? 3 : 0);
}

int pawl_fault_line(const struct pawl_faults *faults, size_t pos)
{
	const char *at = faults->text;
	int line = 1;

	while (pos && (at = memchr(at, '\n', pos - (size_t)(at - faults->text)))) {
		line++;
		at++;
	}
	return line;
}

/* Columns count characters, 1 the first. */
static int column_of(const struct pawl_faults *faults, size_t pos)
{
	const char *at = line_start(faults, pos);
	const char *end = faults->text + pos;
	int column = 1;

	for (; at < end; at += character_length(at, end))
		column++;
	return column;
}

/* Columns that the character takes when it is shown; combining and wide ones count as 1. */
static size_t shown_width(const char *shown)
{
	return (unsigned char)*shown < 0x80 ? strlen(shown) : 1;
}

/* Adds the text from @at to @end to @line, and what keeps a caret below it aligned to @below. */
static void show(const char *at, const char *end, struct pawl_text *line, struct pawl_text *below)
{
	while (at < end) {
		size_t length = character_length(at, end);
		char character[5] = "", shown[20];

		memcpy(character, at, length);
		at += length;
		if (*character == '\t') {
			pawl_text_str(line, "\t");
			pawl_text_str(below, "\t");
			continue;
		}
		pawl_safe(*character ? character : "\\x00", shown, sizeof(shown));
		pawl_text_str(line, shown);
		pawl_text_printf(below, "%*s", (int)shown_width(shown), "");
	}
}

/* Bounds of what is shown of the line of @pos: all of it, or a window around @pos. */
static void find_window(const struct pawl_faults *faults, size_t pos, const char **ret_start,
			const char **ret_end)
{
	const char *start = line_start(faults, pos);
	const char *at = faults->text + pos;
	const char *limit = faults->text + faults->size;
	const char *end = memchr(at, '\n', (size_t)(limit - at));

	if (!end)
		end = limit;
	if (end > at && end[-1] == '\r')
		end--;
	if (at - start > SHOWN_BEFORE) {
		start = at - SHOWN_BEFORE;
		while (start < at && (*start & 0xc0) == 0x80)
			start++;
	}
	if (end - at > SHOWN_AFTER) {
		end = at + SHOWN_AFTER;
		while (end > at && (*end & 0xc0) == 0x80)
			end--;
	}
	*ret_start = start;
	*ret_end = end;
}

static void render_one(const struct pawl_faults *faults, const struct pawl_fault *fault,
		       struct pawl_text *out)
{
	_cleanup_(pawl_text_freep) struct pawl_text below = {0}, ignored = {0};
	const char *start, *end;

	pawl_text_safe(out, faults->name);
	pawl_text_printf(out, ":%d:%d: error: %s\n", pawl_fault_line(faults, fault->pos),
			 column_of(faults, fault->pos), fault->message);
	find_window(faults, fault->pos, &start, &end);
	show(start, faults->text + fault->pos, out, &below);
	show(faults->text + fault->pos, end, out, &ignored);
	pawl_text_str(out, "\n");
	pawl_text_add(out, below.data ? below.data : "", below.size);
	pawl_text_str(out, "^\n");
	if (below.failed)
		out->failed = true;
}

int pawl_fault_render(const struct pawl_faults *faults, char **ret_text)
{
	_cleanup_(pawl_text_freep) struct pawl_text out = {0};

	for (size_t i = 0; i < faults->n; i++)
		render_one(faults, &faults->list[i], &out);
	if (faults->missed) {
		pawl_text_safe(&out, faults->name);
		pawl_text_printf(&out, ": %zu more faults are not shown\n", faults->missed);
	}
	if (out.failed || !out.data)
		return -ENOMEM;
	*ret_text = TAKE_PTR(out.data);
	return 0;
}
