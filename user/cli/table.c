/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Last step of most commands: puts cells into aligned columns on standard output. It
 * escapes all that it is given and must not know what a column means.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "user/cli/table.h"
#include "user/core/cleanup.h"
#include "user/core/text.h"

static const char *const styles[PAWL_STYLE_MAX] = {
	[PAWL_STYLE_DIM] = "\033[2m",	[PAWL_STYLE_BOLD] = "\033[1m",
	[PAWL_STYLE_GOOD] = "\033[32m", [PAWL_STYLE_WARN] = "\033[33m",
	[PAWL_STYLE_BAD] = "\033[31m",
};

static const struct {
	const char *state;
	enum pawl_style style;
} states[] = {
	{"running", PAWL_STYLE_GOOD}, {"approved", PAWL_STYLE_GOOD}, {"ok", PAWL_STYLE_GOOD},
	{"held", PAWL_STYLE_WARN},    {"paused", PAWL_STYLE_WARN},   {"warn", PAWL_STYLE_WARN},
	{"denied", PAWL_STYLE_BAD},   {"killed", PAWL_STYLE_BAD},    {"fail", PAWL_STYLE_BAD},
	{"expired", PAWL_STYLE_BAD},  {"ended", PAWL_STYLE_DIM},     {"detached", PAWL_STYLE_DIM},
	{"gone", PAWL_STYLE_DIM},
};

enum pawl_style pawl_style_of(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].state, state) == 0)
			return states[i].style;
	}
	return PAWL_STYLE_PLAIN;
}

void pawl_table_freep(struct pawl_table *table)
{
	for (size_t i = 0; i < table->cells_n; i++)
		free(table->cells[i].text);
	free(table->cells);
}

static bool make_room(struct pawl_table *table)
{
	size_t room = table->room ? table->room * 2 : 64;
	struct pawl_cell *cells;

	if (table->cells_n < table->room)
		return true;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void pawl_table_add(struct pawl_table *table, enum pawl_style style, const char *text)
{
	struct pawl_text safe = {0};

	pawl_text_safe(&safe, *text ? text : "-");
	if (safe.failed || !make_room(table)) {
		table->failed = true;
		pawl_text_freep(&safe);
		return;
	}
	table->cells[table->cells_n++] = (struct pawl_cell){.text = safe.data, .style = style};
}

void pawl_table_printf(struct pawl_table *table, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list list;
	int r;

	va_start(list, format);
	r = vasprintf(&text, format, list);
	va_end(list);
	if (r < 0) {
		text = NULL;
		table->failed = true;
		return;
	}
	pawl_table_add(table, PAWL_STYLE_PLAIN, text);
}

static uint32_t decode(const unsigned char *text, size_t length)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = text[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (text[i] & 0x3f);
	return code;
}

size_t pawl_text_width(const char *text)
{
	size_t width = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t length = pawl_utf8_length(at);
		int columns = length > 1 ? wcwidth((wchar_t)decode(at, length)) : 1;

		width += columns < 0 ? 1 : (size_t)columns;
		at += length ? length : 1;
	}
	return width;
}

static const char *style_on(const struct pawl_cli *cli, enum pawl_style style)
{
	return cli->color && styles[style] ? styles[style] : "";
}

static const char *style_off(const struct pawl_cli *cli, enum pawl_style style)
{
	return cli->color && styles[style] ? "\033[0m" : "";
}

void pawl_print_safe(const char *text)
{
	struct pawl_text safe = {0};

	pawl_text_safe(&safe, text);
	if (safe.data)
		fputs(safe.data, stdout);
	pawl_text_freep(&safe);
}

void pawl_print_styled(const struct pawl_cli *cli, enum pawl_style style, const char *text)
{
	fputs(style_on(cli, style), stdout);
	pawl_print_safe(text);
	fputs(style_off(cli, style), stdout);
}

static void print_cell(const struct pawl_table *table, const struct pawl_cli *cli, size_t column,
		       size_t width, enum pawl_style style, const char *text)
{
	int pad = (int)(width - pawl_text_width(text));
	bool last = column + 1 == table->columns;
	bool right = table->right & (1U << column);

	printf("%*s%s%s%s%*s", right ? pad : 0, "", style_on(cli, style), text,
	       style_off(cli, style), right || last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

static void measure(const struct pawl_table *table, size_t *widths)
{
	for (size_t c = 0; c < table->columns; c++)
		widths[c] = pawl_text_width(table->titles[c]);
	for (size_t i = 0; i < table->cells_n; i++) {
		size_t width = pawl_text_width(table->cells[i].text);

		if (widths[i % table->columns] < width)
			widths[i % table->columns] = width;
	}
}

int pawl_table_print(const struct pawl_table *table, const struct pawl_cli *cli)
{
	_cleanup_free_ size_t *widths = calloc(table->columns, sizeof(*widths));

	if (table->failed || !widths) {
		pawl_error("out of memory");
		return PAWL_EXIT_FAILED;
	}
	measure(table, widths);
	for (size_t c = 0; c < table->columns; c++)
		print_cell(table, cli, c, widths[c], PAWL_STYLE_BOLD, table->titles[c]);
	for (size_t i = 0; i < table->cells_n; i++)
		print_cell(table, cli, i % table->columns, widths[i % table->columns],
			   table->cells[i].style, table->cells[i].text);
	return PAWL_EXIT_OK;
}

/* On a terminal nothing but ASCII: C1 controls and overrides act on it, JSON or not. */
int pawl_print_json(const json_t *value)
{
	size_t ascii = isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0;
	_cleanup_free_ char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | ascii);

	if (!text) {
		pawl_error("out of memory");
		return PAWL_EXIT_FAILED;
	}
	puts(text);
	return PAWL_EXIT_OK;
}

static bool plain_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	return *word && word[strspn(word, plain)] == '\0';
}

void pawl_text_quote(struct pawl_text *line, const char *word)
{
	if (plain_word(word)) {
		pawl_text_str(line, word);
		return;
	}
	pawl_text_str(line, "'");
	for (const char *at = word; *at; at++) {
		if (*at == '\'')
			pawl_text_str(line, "'\\''");
		else
			pawl_text_add(line, at, 1);
	}
	pawl_text_str(line, "'");
}

char *pawl_args_join(const json_t *args)
{
	struct pawl_text line = {0};
	size_t index;
	json_t *arg;

	pawl_text_str(&line, "");
	json_array_foreach (args, index, arg) {
		if (index)
			pawl_text_str(&line, " ");
		pawl_text_quote(&line, json_is_string(arg) ? json_string_value(arg) : "");
	}
	if (line.failed) {
		pawl_text_freep(&line);
		return NULL;
	}
	return line.data;
}
