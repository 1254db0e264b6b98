/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of the policy module, and for nobody else: faults with their
 * place in the text, the YAML as a tree with places, and typed readers of its nodes.
 */
#ifndef PAWL_CORE_POLICY_INTERNAL_H
#define PAWL_CORE_POLICY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/policy.h"

#define PAWL_FAULTS_MAX 20	  /* further faults are counted, not shown */
#define PAWL_FAULT_BYTES 320	  /* a longer message is cut */
#define PAWL_YAML_DEPTH_MAX 16	  /* a deeper file is refused */
#define PAWL_YAML_NODES_MAX 16384 /* a file of more nodes is refused */
#define PAWL_DURATION_BYTES 40	  /* room for any formatted duration */

struct pawl_fault {
	size_t pos; /* offset in the text */
	char message[PAWL_FAULT_BYTES];
};

/* Everything that is wrong with one text, ordered by place. */
struct pawl_faults {
	const char *name; /* of the text, as messages call it */
	const char *text;
	size_t size;
	size_t n;      /* used in list[] */
	size_t missed; /* faults past PAWL_FAULTS_MAX */
	struct pawl_fault list[PAWL_FAULTS_MAX];
};

/* Notes a fault at offset @pos. Words from the text must have gone through pawl_safe(). */
__attribute__((format(printf, 3, 4))) void pawl_fault_add(struct pawl_faults *faults, size_t pos,
							  const char *format, ...);

/* All faults as text for people; the caller frees *ret_text. Return: 0; -ENOMEM. */
int pawl_fault_render(const struct pawl_faults *faults, char **ret_text);

/* Return: line of offset @pos, 1 the first. */
int pawl_fault_line(const struct pawl_faults *faults, size_t pos);

enum pawl_yaml_kind {
	PAWL_YAML_SCALAR = 0,
	PAWL_YAML_SEQUENCE,
	PAWL_YAML_MAPPING,
	PAWL_YAML_REFUSED, /* an alias: reported when it was met, so nothing more is said */
};

struct pawl_yaml_node {
	enum pawl_yaml_kind kind;
	bool plain; /* a scalar without quotes */
	size_t pos; /* offset in the text; that of its key where the value is empty */
	struct pawl_yaml_node *parent;
	struct pawl_yaml_node *first; /* items; of a mapping: key, value, key, value … */
	struct pawl_yaml_node *last;
	struct pawl_yaml_node *next;	 /* sibling */
	struct pawl_yaml_node *next_all; /* every node of the tree, for freeing */
	size_t size;
	char text[]; /* of a scalar, NUL-terminated */
};

struct pawl_yaml {
	struct pawl_yaml_node *root; /* NULL: the text holds nothing */
	struct pawl_yaml_node *all;
	size_t nodes_n;
};

/*
 * pawl_yaml_load() - YAML text to a tree. Aliases, anchors, tags and second documents
 * are faults, as are control characters and bytes that are not UTF-8.
 * Return: 0, perhaps with faults added; -EINVAL: no tree, faults added; -ENOMEM.
 */
int pawl_yaml_load(struct pawl_faults *faults, struct pawl_yaml **ret_yaml);
void pawl_yaml_freep(struct pawl_yaml **yaml);

/* A list of words ends with NULL. "What" names the value in messages: `hold.timeout`. */

/* Return: the word of the list that was meant by @word, or NULL. */
const char *pawl_value_nearest(const char *word, const char *const words[]);

/*
 * The values of mapping @node by the index of their key in @keys; NULL where a key was
 * left out. Unknown and double keys are faults. Return: false: not a mapping, a fault.
 */
bool pawl_value_fields(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		       const char *what, const char *const keys[],
		       const struct pawl_yaml_node *values[]);

/* One scalar. Return: false: a fault was added and the output is untouched. */
bool pawl_value_word(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, const char *const words[], size_t *ret_index);
bool pawl_value_bool(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, bool *ret_bool);
bool pawl_value_number(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		       const char *what, uint64_t least, uint64_t most, uint64_t *ret_number);
bool pawl_value_duration(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			 const char *what, uint64_t least_ms, uint64_t most_ms, uint64_t *ret_ms);
/* [A-Za-z0-9._-]{1,31} */
bool pawl_value_name(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, char ret_name[]);
/* Anything printable that fits into @size bytes with its NUL. */
bool pawl_value_text(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, char *ret_text, size_t size);
/* A sequence or a mapping, as @kind says. */
bool pawl_value_kind(struct pawl_faults *faults, const struct pawl_yaml_node *node,
		     const char *what, enum pawl_yaml_kind kind, const char *expected);

/* One text being read. */
struct pawl_policy_reader {
	struct pawl_policy *policy;
	const struct pawl_policy *base; /* the built-in policy; NULL while that is read */
	struct pawl_faults faults;
	size_t match_pos[PAWL_MAX_RULES]; /* where the file's own alternatives stand */
};

/*
 * Fills in the agents and their matches: those of the list @node, which may be NULL,
 * then, where @builtin is set, those of the built-in policy that the list leaves alone.
 */
void pawl_policy_read_agents(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			     bool builtin);

/* The same for brokers. */
void pawl_policy_read_brokers(struct pawl_policy_reader *reader, const struct pawl_yaml_node *node,
			      bool builtin);

/* One action. @words: those that may be given, of the ones that pawl_action_name() knows. */
bool pawl_policy_read_action(struct pawl_faults *faults, const struct pawl_yaml_node *node,
			     const char *what, const char *const words[], uint32_t *ret_action);

/* Whether it is how the kernel would name a file: "a//b", "a/./b" and "a/" are not. */
bool pawl_policy_is_absolute(const char *text);

/* The words of every action. */
extern const char *const pawl_action_words[];

/* Milliseconds as pawl_duration_parse() reads them: "1h30m". Return: @out. */
char *pawl_duration_format(uint64_t ms, char out[PAWL_DURATION_BYTES]);

#endif
