/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Printing for people: aligned columns, colours, JSON. Whatever is added to a table is
 * escaped here, so that no command can forget it.
 */
#ifndef PAWL_CLI_TABLE_H
#define PAWL_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "user/cli/cli.h"
#include "user/core/cleanup.h"
#include "user/core/text.h"

enum pawl_style {
	PAWL_STYLE_PLAIN = 0,
	PAWL_STYLE_DIM,
	PAWL_STYLE_BOLD,
	PAWL_STYLE_GOOD,
	PAWL_STYLE_WARN,
	PAWL_STYLE_BAD,
	PAWL_STYLE_MAX,
};

struct pawl_cell {
	char *text; /* escaped, owned */
	enum pawl_style style;
};

struct pawl_table {
	const char *const *titles; /* borrowed; their number is that of the columns */
	size_t columns;
	unsigned int right; /* bit n: column n is aligned to the right */
	struct pawl_cell *cells;
	size_t cells_n;
	size_t room;
	bool failed; /* memory ran out: printing says so */
};

void pawl_table_freep(struct pawl_table *table);
#define _cleanup_table_ _cleanup_(pawl_table_freep)

/* Adds one cell; rows fill from the left. */
void pawl_table_add(struct pawl_table *table, enum pawl_style style, const char *text);
__attribute__((format(printf, 2, 3))) void pawl_table_printf(struct pawl_table *table,
							     const char *format, ...);

/* Prints to standard output. Without rows only the titles. Return: an exit status. */
int pawl_table_print(const struct pawl_table *table, const struct pawl_cli *cli);

/* Columns that escaped text takes on a terminal. */
size_t pawl_text_width(const char *text);

/* Prints to standard output, escaped. */
void pawl_print_safe(const char *text);
void pawl_print_styled(const struct pawl_cli *cli, enum pawl_style style, const char *text);

/* Compact JSON and a newline on standard output. Return: an exit status. */
int pawl_print_json(const json_t *value);

/* How a state of a session, a hold or a check is shown. */
enum pawl_style pawl_style_of(const char *state);

/* Adds a word so that a shell reads it as one. */
void pawl_text_quote(struct pawl_text *line, const char *word);

/* An argument vector as one line that a shell would read the same; the caller frees it. */
char *pawl_args_join(const json_t *args);

#endif
