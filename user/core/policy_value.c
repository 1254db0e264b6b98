/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed readers of YAML nodes: each takes one value or says at its place what is wrong
 * and what was expected. They know types and lists of words, not the policy's meaning.
 */
#include "user/core/policy_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/text.h"

#define WORD_MAX 32    /* longer words are near to nothing */
#define QUOTED_MAX 64  /* of a word from the text that is quoted in a message */
#define LIST_BYTES 192 /* "a, b or c" */

static int least_of(int a, int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, substitutions, neighbours swapped. */
static int edit_distance(const char *a, const char *b)
{
	int rows[WORD_MAX + 1][WORD_MAX + 1];
	int a_size = (int)strlen(a), b_size = (int)strlen(b);

	if (a_size > WORD_MAX || b_size > WORD_MAX)
		return WORD_MAX;
	for (int i = 0; i <= a_size; i++) {
		for (int j = 0; j <= b_size; j++) {
			if (!i || !j) {
				rows[i][j] = i + j;
				continue;
			}
			rows[i][j] = least_of(least_of(rows[i - 1][j], rows[i][j - 1]) + 1,
					      rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least_of(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[a_size][b_size];
}

const char *pawl_value_nearest(const char *word, const char *const words[])
{
	const char *nearest = NULL;
	int nearest_distance = 3;

	for (size_t i = 0; words[i]; i++) {
		int distance = edit_distance(word, words[i]);

		/* Half of a short word changed is another word. */
		if (distance >= nearest_distance || 2 * distance > (int)strlen(words[i]))
			continue;
		nearest = words[i];
		nearest_distance = distance;
	}
	return nearest;
}

/* "a", "a or b", "a, b or c" */
static const char *join(const char *const words[], char out[LIST_BYTES])
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; words[i] && used < LIST_BYTES; i++) {
		const char *before = !i ? "" : words[i + 1] ? ", " : " or ";

		used += (size_t)snprintf(out + used, LIST_BYTES - used, "%s%s", before, words[i]);
	}
	return out;
}

static bool is_empty(const struct pawl_yaml_node *node)
{
	return node->kind == PAWL_YAML_SCALAR && node->plain && !node->size;
}

/* The value is of another type than @expected says. Return: false. */
static bool refuse(struct pawl_faults *faults, const struct pawl_yaml_node *node, const char *what,
		   const char *expected)
{
	static const char *const kinds[] = {
		[PAWL_YAML_SEQUENCE] = "a list",
		[PAWL_YAML_MAPPING] = "a mapping",
	};
	char quoted[QUOTED_MAX];

	if (node->kind == PAWL_YAML_REFUSED)
		return false;
	if (is_empty(node))
		pawl_fault_add(faults, node->pos, "%s has no value: expected %s", what, expected);
	else if (node->kind == PAWL_YAML_SCALAR)
		pawl_fault_add(faults, node->pos, "%s is \"%s\": expected %s", what,
			       pawl_safe(node->text, quoted, sizeof(quoted)), expected);
	else
		pawl_fault_add(faults, node->pos, "%s is %s: expected %s", what, kinds[node->kind],
			       expected);
	return false;
}

bool pawl_value_kind(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, enum pawl_yaml_kind kind, const char *expected)
{
	return node->kind == kind || refuse(faults, node, what, expected);
}

/* A word that is none of the list. Return: false. */
static bool refuse_word(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			const char *what, const char *const words[])
{
	const char *nearest = pawl_value_nearest(node->text, words);
	char quoted[QUOTED_MAX], list[LIST_BYTES];

	pawl_safe(node->text, quoted, sizeof(quoted));
	if (nearest)
		pawl_fault_add(faults, node->pos, "%s \"%s\": did you mean \"%s\"?", what, quoted,
			       nearest);
	else
		pawl_fault_add(faults, node->pos, "%s \"%s\": expected %s", what, quoted,
			       join(words, list));
	return false;
}

static bool is_word(const struct pawl_yaml_node *node, const char *word)
{
	return node->size == strlen(word) && !memcmp(node->text, word, node->size);
}

/* Return: index of the word, or -1. */
static int find_word(const struct pawl_yaml_node *node, const char *const words[])
{
	for (int i = 0; words[i]; i++) {
		if (is_word(node, words[i]))
			return i;
	}
	return -1;
}

static void take_field(struct pawl_faults *faults, const struct pawl_yaml_node *key,
		       const char *what, const char *const keys[],
		       const struct pawl_yaml_node *values[])
{
	char unknown[2 * QUOTED_MAX];
	int index;

	if (key->kind != PAWL_YAML_SCALAR) {
		refuse(faults, key, "a key", "a word");
		return;
	}
	index = find_word(key, keys);
	if (index < 0) {
		snprintf(unknown, sizeof(unknown), "unknown key in %s:", what);
		refuse_word(faults, key, unknown, keys);
	} else if (values[index]) {
		pawl_fault_add(faults, key->pos, "\"%s\" is given twice in %s: leave one out",
			       keys[index], what);
	} else {
		values[index] = key->next;
	}
}

bool pawl_value_fields(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		       const char *what, const char *const keys[],
		       const struct pawl_yaml_node *values[])
{
	char list[LIST_BYTES], expected[LIST_BYTES + 32];

	for (size_t i = 0; keys[i]; i++)
		values[i] = NULL;
	snprintf(expected, sizeof(expected), "a mapping with %s", join(keys, list));
	if (!pawl_value_kind(faults, node, what, PAWL_YAML_MAPPING, expected))
		return false;
	for (const struct pawl_yaml_node *key = node->first; key; key = key->next->next)
		take_field(faults, key, what, keys, values);
	return true;
}

bool pawl_value_word(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, const char *const words[], size_t *ret_index)
{
	char list[LIST_BYTES];
	int index;

	if (node->kind != PAWL_YAML_SCALAR || is_empty(node))
		return refuse(faults, node, what, join(words, list));
	index = find_word(node, words);
	if (index < 0)
		return refuse_word(faults, node, what, words);
	*ret_index = (size_t)index;
	return true;
}

bool pawl_value_bool(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, bool *ret_bool)
{
	static const char *const words[] = {"false", "true", NULL};
	size_t index = 0;

	if (node->kind == PAWL_YAML_SCALAR && !node->plain)
		return refuse(faults, node, what, "true or false without quotes");
	if (!pawl_value_word(faults, node, what, words, &index))
		return false;
	*ret_bool = index == 1;
	return true;
}

/* Decimal digits alone; 20 of them may not fit into 64 bits. */
static bool parse_digits(const struct pawl_yaml_node *node, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (node->kind != PAWL_YAML_SCALAR || !node->plain || !node->size || node->size > 19)
		return false;
	for (size_t i = 0; i < node->size; i++) {
		if (node->text[i] < '0' || node->text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(node->text[i] - '0');
	}
	*ret_number = number;
	return true;
}

bool pawl_value_number(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		       const char *what, uint64_t least, uint64_t most, uint64_t *ret_number)
{
	const char *unquoted =
		node->kind == PAWL_YAML_SCALAR && !node->plain ? " without quotes" : "";
	char expected[LIST_BYTES];
	uint64_t number;

	if (least == most)
		snprintf(expected, sizeof(expected), "%" PRIu64 "%s", least, unquoted);
	else
		snprintf(expected, sizeof(expected),
			 "a whole number from %" PRIu64 " to %" PRIu64 "%s", least, most, unquoted);
	if (!parse_digits(node, &number) || number < least || number > most)
		return refuse(faults, node, what, expected);
	*ret_number = number;
	return true;
}

bool pawl_value_duration(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			 const char *what, uint64_t least_ms, uint64_t most_ms, uint64_t *ret_ms)
{
	char least[PAWL_DURATION_BYTES], most[PAWL_DURATION_BYTES], expected[LIST_BYTES];
	uint64_t ms;

	snprintf(expected, sizeof(expected), "a duration from %s to %s, such as 90s, 10m or 1h30m",
		 pawl_duration_format(least_ms, least), pawl_duration_format(most_ms, most));
	if (node->kind != PAWL_YAML_SCALAR || strlen(node->text) != node->size ||
	    pawl_duration_parse(node->text, &ms) || ms < least_ms || ms > most_ms)
		return refuse(faults, node, what, expected);
	*ret_ms = ms;
	return true;
}

bool pawl_value_name(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, char ret_name[])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (node->kind != PAWL_YAML_SCALAR || !node->size || node->size >= PAWL_NAME_MAX ||
	    strspn(node->text, allowed) != node->size)
		return refuse(faults, node, what,
			      "1 to 31 letters, digits, dots, underscores or hyphens");
	memcpy(ret_name, node->text, node->size + 1);
	return true;
}

/* What pawl_text_safe() would have to escape cannot be told apart when it is shown. */
static bool is_printable(const struct pawl_yaml_node *node)
{
	_cleanup_(pawl_text_freep) struct pawl_text shown = {0};

	pawl_text_safe(&shown, node->text);
	return strlen(node->text) == node->size && shown.data && !strcmp(shown.data, node->text);
}

bool pawl_value_text(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, char *ret_text, size_t size)
{
	char expected[LIST_BYTES];

	snprintf(expected, sizeof(expected), "1 to %zu bytes of printable text", size - 1);
	if (node->kind != PAWL_YAML_SCALAR || !node->size || node->size >= size ||
	    !is_printable(node))
		return refuse(faults, node, what, expected);
	memcpy(ret_text, node->text, node->size + 1);
	return true;
}
