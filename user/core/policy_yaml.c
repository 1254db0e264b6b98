/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to a small tree in which every node knows its place. libfyaml only cuts the
 * text into events: the tree is built here, so that depth and number of nodes are
 * bounded and aliases cannot multiply. It knows nothing of what a policy means.
 */
#include "user/core/policy_internal.h"

#include <assert.h>
#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/cleanup.h"
#include "user/core/text.h"

/* Where the next node goes. */
struct builder {
	struct pawl_faults *faults;
	struct pawl_yaml *yaml;
	struct pawl_yaml_node *open; /* innermost container that is not closed yet */
	size_t depth;
	size_t last_pos;
	size_t documents;
	size_t end_pos; /* of the stream; SIZE_MAX: not reached */
};

/* What libfyaml says outside its list of errors. */
struct remark {
	char text[200];
};

static void diag_freep(struct fy_diag **diag)
{
	if (*diag)
		fy_diag_destroy(*diag);
}

static void parser_freep(struct fy_parser **parser)
{
	if (*parser)
		fy_parser_destroy(*parser);
}

void pawl_yaml_freep(struct pawl_yaml **yaml)
{
	struct pawl_yaml_node *node, *next;

	if (!*yaml)
		return;
	for (node = (*yaml)->all; node; node = next) {
		next = node->next_all;
		free(node);
	}
	free(*yaml);
	*yaml = NULL;
}

/* libfyaml would print to stderr otherwise. */
static void keep_remark(struct fy_diag *diag, void *user, const char *bytes, size_t size)
{
	struct remark *remark = user;
	size_t room = sizeof(remark->text) - 1;

	(void)diag;
	if (remark->text[0] || !size)
		return;
	memcpy(remark->text, bytes, size < room ? size : room);
	remark->text[strcspn(remark->text, "\n")] = '\0';
}

static struct fy_diag *new_diag(struct remark *remark)
{
	struct fy_diag_cfg config;
	struct fy_diag *diag;

	fy_diag_cfg_default(&config);
	config.fp = NULL;
	config.output_fn = keep_remark;
	config.user = remark;
	config.level = FYET_ERROR;
	config.colorize = false;
	config.show_source = false;
	config.show_position = false;
	config.show_type = false;
	config.show_module = false;
	diag = fy_diag_create(&config);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

/* Length of the character at @pos, or 0 where the text must not hold what is there. */
static size_t checked_length(const struct pawl_faults *faults, size_t pos)
{
	unsigned char bytes[5] = "";
	size_t left = faults->size - pos;
	size_t length;

	memcpy(bytes, faults->text + pos, left < 4 ? left : 4);
	length = pawl_utf8_length(bytes);
	if (length == 1 && *bytes < 0x20)
		return strchr("\t\n\r", *bytes) ? 1 : 0;
	if (length == 1 && *bytes == 0x7f)
		return 0;
	return length == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0 ? 0 : length;
}

/* libfyaml ends without an error at a byte that is not UTF-8: the rest would be lost. */
static bool check_bytes(struct pawl_faults *faults)
{
	size_t pos = 0;

	while (pos < faults->size) {
		size_t length = checked_length(faults, pos);

		if (!length) {
			pawl_fault_add(faults, pos,
				       "byte 0x%02x: the text must be UTF-8 without control "
				       "characters; remove it",
				       (unsigned char)faults->text[pos]);
			return false;
		}
		pos += length;
	}
	return true;
}

/* Offset of line @line, column @column, both from 1, within the text. */
static size_t offset_of(const struct pawl_faults *faults, int line, int column)
{
	const char *at = faults->text;
	const char *end = at + faults->size;

	for (; line > 1; line--) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			break;
		at = newline + 1;
	}
	for (; column > 1 && at < end && *at != '\n'; column--) {
		do {
			at++;
		} while (at < end && (*at & 0xc0) == 0x80);
	}
	return (size_t)(at - faults->text);
}

/* The first error only: what follows it are its consequences. */
static void add_syntax_fault(struct pawl_faults *faults, struct fy_diag *diag,
			     const struct remark *remark)
{
	void *cursor = NULL;
	struct fy_diag_error *error = fy_diag_errors_iterate(diag, &cursor);
	char message[200];

	if (error && error->msg) {
		pawl_safe(error->msg, message, sizeof(message));
		pawl_fault_add(faults, offset_of(faults, error->line, error->column),
			       "not valid YAML: %s", message);
		return;
	}
	pawl_safe(remark->text[0] ? remark->text : "the reader gave up", message, sizeof(message));
	pawl_fault_add(faults, 0, "not valid YAML: %s", message);
}

/* Empty values have no place of their own: they get that of the node before. */
static size_t event_pos(struct builder *builder, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);

	if (mark && mark->input_pos <= builder->faults->size)
		builder->last_pos = mark->input_pos;
	return builder->last_pos;
}

/* Return: the new node, as the last in the innermost container; NULL: no memory. */
static struct pawl_yaml_node *append(struct builder *builder, enum pawl_yaml_kind kind, size_t pos,
				     const char *text, size_t size)
{
	struct pawl_yaml *yaml = builder->yaml;
	struct pawl_yaml_node *parent = builder->open;
	struct pawl_yaml_node *node = calloc(1, sizeof(*node) + size + 1);

	if (!node)
		return NULL;
	node->kind = kind;
	node->pos = pos;
	node->parent = parent;
	node->size = size;
	if (size)
		memcpy(node->text, text, size);
	node->next_all = yaml->all;
	yaml->all = node;
	yaml->nodes_n++;
	if (!parent)
		yaml->root = node;
	else if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	if (parent)
		parent->last = node;
	return node;
}

/* Tags would change the type of a value, anchors are of no use without aliases. */
static void refuse_properties(struct builder *builder, struct fy_event *event, size_t pos)
{
	if (fy_event_get_tag_token(event))
		pawl_fault_add(builder->faults, pos, "tags are not supported: remove it");
	if (fy_event_get_anchor_token(event))
		pawl_fault_add(builder->faults, pos, "anchors are not supported: remove it");
}

/* libfyaml's marks of quoted scalars and aliases stand behind the quote, or the star. */
static size_t include_before(const struct builder *builder, size_t pos, const char *bytes)
{
	return pos && strchr(bytes, builder->faults->text[pos - 1]) ? pos - 1 : pos;
}

static int add_scalar(struct builder *builder, struct fy_event *event, size_t pos)
{
	struct fy_token *token = fy_event_get_token(event);
	bool plain = !token || fy_token_scalar_style(token) == FYSS_PLAIN;
	struct pawl_yaml_node *node;
	const char *text = NULL;
	size_t size = 0;

	if (token)
		text = fy_token_get_text(token, &size);
	if (!plain)
		pos = include_before(builder, pos, "'\"");
	node = append(builder, PAWL_YAML_SCALAR, pos, text, text ? size : 0);
	if (!node)
		return -ENOMEM;
	node->plain = plain;
	return 0;
}

static int open_container(struct builder *builder, enum pawl_yaml_kind kind, size_t pos)
{
	struct pawl_yaml_node *node;

	if (builder->depth == PAWL_YAML_DEPTH_MAX) {
		pawl_fault_add(builder->faults, pos, "nested deeper than %d levels",
			       PAWL_YAML_DEPTH_MAX);
		return -EINVAL;
	}
	node = append(builder, kind, pos, NULL, 0);
	if (!node)
		return -ENOMEM;
	builder->open = node;
	builder->depth++;
	return 0;
}

static int add_alias(struct builder *builder, size_t pos)
{
	pos = include_before(builder, pos, "*");
	pawl_fault_add(builder->faults, pos, "aliases are not supported: write the value out");
	return append(builder, PAWL_YAML_REFUSED, pos, NULL, 0) ? 0 : -ENOMEM;
}

static int begin_document(struct builder *builder, size_t pos)
{
	if (!builder->documents++)
		return 0;
	pawl_fault_add(builder->faults, pos, "a second document: a policy is one document");
	return -EINVAL;
}

/* Return: 0: go on; -EINVAL: a fault was added and nothing after it can be read. */
static int take_event(struct builder *builder, struct fy_event *event)
{
	size_t pos = event_pos(builder, event);

	if (builder->yaml->nodes_n == PAWL_YAML_NODES_MAX) {
		pawl_fault_add(builder->faults, pos, "more than %d values: not a policy",
			       PAWL_YAML_NODES_MAX);
		return -EINVAL;
	}
	refuse_properties(builder, event, pos);
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return begin_document(builder, pos);
	case FYET_MAPPING_START:
		return open_container(builder, PAWL_YAML_MAPPING, pos);
	case FYET_SEQUENCE_START:
		return open_container(builder, PAWL_YAML_SEQUENCE, pos);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		assert(builder->open); /* libfyaml's events are balanced */
		builder->open = builder->open->parent;
		builder->depth--;
		return 0;
	case FYET_SCALAR:
		return add_scalar(builder, event, pos);
	case FYET_ALIAS:
		return add_alias(builder, pos);
	case FYET_STREAM_END:
		builder->end_pos = pos;
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct builder *builder, struct fy_parser *parser)
{
	struct fy_event *event;
	int err = 0;

	while (!err && (event = fy_parser_parse(parser))) {
		err = take_event(builder, event);
		fy_parser_event_free(parser, event);
	}
	return err;
}

static int build(struct builder *builder)
{
	struct remark remark = {""};
	_cleanup_(diag_freep) struct fy_diag *diag = new_diag(&remark);
	_cleanup_(parser_freep) struct fy_parser *parser = NULL;
	struct fy_parse_cfg config = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE,
		.diag = diag,
	};
	struct pawl_faults *faults = builder->faults;
	int err;

	if (!diag)
		return -ENOMEM;
	parser = fy_parser_create(&config);
	if (!parser || fy_parser_set_string(parser, faults->text, faults->size))
		return -ENOMEM;
	err = read_events(builder, parser);
	if (err)
		return err;
	if (fy_parser_get_stream_error(parser)) {
		add_syntax_fault(faults, diag, &remark);
		return -EINVAL;
	}
	if (builder->end_pos != faults->size) {
		pawl_fault_add(faults, builder->last_pos, "the text cannot be read past here");
		return -EINVAL;
	}
	return 0;
}

int pawl_yaml_load(struct pawl_faults *faults, struct pawl_yaml **ret_yaml)
{
	_cleanup_(pawl_yaml_freep) struct pawl_yaml *yaml = calloc(1, sizeof(*yaml));
	struct builder builder = {.faults = faults, .yaml = yaml, .end_pos = SIZE_MAX};
	int err;

	if (!yaml)
		return -ENOMEM;
	if (!check_bytes(faults))
		return -EINVAL;
	/* libfyaml takes a size of 0 for "measure the string". */
	err = faults->size ? build(&builder) : 0;
	if (err)
		return err;
	*ret_yaml = TAKE_PTR(yaml);
	return 0;
}
