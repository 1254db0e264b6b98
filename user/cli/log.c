/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pawl log`: asks pawld where its log is and reads that file itself, so that a long
 * history costs the daemon nothing. It must not change the file, nor lock it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "user/cli/client.h"
#include "user/cli/table.h"
#include "user/cli/when.h"
#include "user/core/cleanup.h"
#include "user/core/policy.h"
#include "user/core/text.h"

#define FOLLOW_EVERY_MS 200
#define LINE_MAX_BYTES (1 << 20) /* a longer line is no record of ours: it is passed over */

struct reader {
	const struct pawl_cli *cli;
	const char *path;
	int fd;
	const char *session; /* filters; NULL: any */
	const char *type;
	int64_t since_ms; /* 0: any */
	char *data;	  /* LINE_MAX_BYTES of room; holds the bytes of a line not yet complete */
	size_t size;
	bool overlong; /* what comes up to the next newline is dropped */
};

/* A member by its dotted name, whether the names are written dotted or nested. */
static const json_t *find_field(const json_t *record, const char *name)
{
	const json_t *value = json_object_get(record, name);
	const char *dot = value ? NULL : strchr(name, '.');
	char head[64];

	if (!dot)
		return value;
	snprintf(head, sizeof(head), "%.*s", (int)(dot - name), name);
	record = json_object_get(record, head);
	return record ? find_field(record, dot + 1) : NULL;
}

static const char *field_text(const json_t *record, const char *name)
{
	const char *text = json_string_value(find_field(record, name));

	return text ? text : "";
}

/* "file" takes "file", "file.delete" and "file-…", not "filename" */
static bool type_matches(const char *type, const char *action)
{
	size_t size = strlen(type);

	return strncmp(type, action, size) == 0 &&
	       (!action[size] || action[size] == '.' || action[size] == '-');
}

static bool is_wanted(const struct reader *reader, const json_t *record)
{
	int64_t at_ms;

	if (reader->session && strcmp(reader->session, field_text(record, "pawl.session")) != 0)
		return false;
	if (reader->type && !type_matches(reader->type, field_text(record, "event.action")))
		return false;
	if (!reader->since_ms)
		return true;
	return pawl_when_parse(field_text(record, "@timestamp"), &at_ms) == 0 &&
	       at_ms >= reader->since_ms;
}

/* The program as it was called, as far as the record has it. */
static void print_program(const json_t *record)
{
	const json_t *args = find_field(record, "process.args");
	_cleanup_free_ char *line = json_is_array(args) ? pawl_args_join(args) : NULL;
	const char *executable = field_text(record, "process.executable");
	const char *program = *executable ? executable : field_text(record, "process.name");

	if (line && *line)
		program = line;
	if (!*program)
		return;
	fputs("  ", stdout);
	pawl_print_safe(program);
}

/* What a record says beyond its time, session and action. */
static void print_summary(const json_t *record)
{
	static const struct {
		const char *name;
		const char *label;
	} fields[] = {
		{"message", ""},	{"pawl.hold", ""},	 {"pawl.state", ""},
		{"pawl.operation", ""}, {"pawl.detail", ""},	 {"pawl.broker", ""},
		{"file.path", ""},	{"file.directory", ""},	 {"pawl.count", "count "},
		{"pawl.lost", "lost "}, {"process.pid", "pid "}, {"pawl.by", "by "},
		{"pawl.reason", ""},
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const json_t *value = find_field(record, fields[i].name);

		if (!json_is_integer(value) && !json_is_string(value))
			continue;
		printf("%s%s", separator, fields[i].label);
		separator = "  ";
		if (json_is_integer(value))
			printf("%lld", (long long)json_integer_value(value));
		else
			pawl_print_safe(json_string_value(value));
	}
	print_program(record);
}

static void print_padded(const struct pawl_cli *cli, enum pawl_style style, const char *text,
			 size_t width)
{
	size_t used = pawl_text_width(text);

	pawl_print_styled(cli, style, text);
	printf("%*s", used < width ? (int)(width - used) + 2 : 2, "");
}

static void print_record(const struct reader *reader, const json_t *record)
{
	const char *session = field_text(record, "pawl.session");
	char when[32];

	print_padded(reader->cli, PAWL_STYLE_DIM,
		     pawl_when_local(field_text(record, "@timestamp"), when), 8);
	print_padded(reader->cli, PAWL_STYLE_BOLD, *session ? session : "-", 5);
	print_padded(reader->cli, PAWL_STYLE_PLAIN, field_text(record, "event.action"), 16);
	print_summary(record);
	putchar('\n');
}

static void take_line(const struct reader *reader, const char *line, size_t size)
{
	json_auto_t *record = json_loadb(line, size, JSON_ALLOW_NUL, NULL);

	if (!json_is_object(record)) {
		pawl_say(reader->cli, "%s: a line that is no record was passed over", reader->path);
		return;
	}
	if (!is_wanted(reader, record))
		return;
	if (reader->cli->json)
		fwrite(line, 1, size, stdout);
	else
		print_record(reader, record);
}

/* Keeps what stands behind the last newline: its line is still being written. */
static void take_lines(struct reader *reader)
{
	char *line = reader->data;
	char *past = reader->data + reader->size;
	char *end;

	while ((end = memchr(line, '\n', past - line))) {
		if (!reader->overlong)
			take_line(reader, line, end + 1 - line);
		reader->overlong = false;
		line = end + 1;
	}
	reader->size = past - line;
	if (reader->size == LINE_MAX_BYTES) {
		reader->overlong = true;
		reader->size = 0;
	}
	memmove(reader->data, line, reader->size);
}

static int read_to_end(struct reader *reader)
{
	for (;;) {
		ssize_t n = read(reader->fd, reader->data + reader->size,
				 LINE_MAX_BYTES - reader->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		reader->size += n;
		take_lines(reader);
	}
}

/* Notices that the file was moved away or cut, and goes on at the head of what is there now. */
static int look_for_rotation(struct reader *reader)
{
	struct stat now, ours;
	int fd, r;

	if (stat(reader->path, &now) < 0 || fstat(reader->fd, &ours) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (now.st_dev == ours.st_dev && now.st_ino == ours.st_ino) {
		if (ours.st_size >= lseek(reader->fd, 0, SEEK_CUR))
			return 0;
		reader->size = 0;
		return lseek(reader->fd, 0, SEEK_SET) < 0 ? -errno : 0;
	}
	r = read_to_end(reader); /* what was written between the last look and the move */
	if (r < 0)
		return r;
	fd = open(reader->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	close(reader->fd);
	reader->fd = fd;
	reader->size = 0;
	return 0;
}

static int follow(struct reader *reader)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_EVERY_MS * 1000000L};
	int r;

	for (;;) {
		if (fflush(stdout) != 0)
			return -errno;
		nanosleep(&pause, NULL);
		r = look_for_rotation(reader);
		if (r == 0)
			r = read_to_end(reader);
		if (r < 0)
			return r;
	}
}

/* "10m" or a point in time. */
static int parse_since(const char *text, int64_t *ret_ms)
{
	uint64_t span_ms;

	if (!text)
		return 0;
	if (pawl_duration_parse(text, &span_ms) == 0) {
		*ret_ms = pawl_when_now_ms() - (int64_t)span_ms;
		return 0;
	}
	return pawl_when_parse(text, ret_ms);
}

static int open_log(struct reader *reader)
{
	_cleanup_close_ int fd = open(reader->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		pawl_error("not permitted to read the log %s: be root or a member of its group",
			   reader->path);
		return PAWL_EXIT_NOT_PERMITTED;
	}
	if (fd < 0) {
		pawl_error("cannot open the log %s: %s", reader->path, strerror(errno));
		return PAWL_EXIT_FAILED;
	}
	reader->data = malloc(LINE_MAX_BYTES);
	if (!reader->data) {
		pawl_error("out of memory");
		return PAWL_EXIT_FAILED;
	}
	reader->fd = TAKE_FD(fd);
	return PAWL_EXIT_OK;
}

static int print_log(struct reader *reader)
{
	int status = open_log(reader);
	int r;

	if (status != PAWL_EXIT_OK)
		return status;
	r = read_to_end(reader);
	if (r == 0 && reader->cli->args.values[PAWL_OPT_FOLLOW])
		r = follow(reader);
	if (r < 0)
		pawl_error("cannot read the log %s: %s", reader->path, strerror(-r));
	free(reader->data);
	close(reader->fd);
	return r < 0 ? PAWL_EXIT_FAILED : PAWL_EXIT_OK;
}

int pawl_cmd_log(const struct pawl_cli *cli)
{
	const char *const *values = cli->args.values;
	struct reader reader = {.cli = cli,
				.fd = -1,
				.session = values[PAWL_OPT_SESSION],
				.type = values[PAWL_OPT_TYPE]};
	json_auto_t *data = NULL;
	int status;

	if (parse_since(values[PAWL_OPT_SINCE], &reader.since_ms) < 0) {
		pawl_error(
			"log: --since takes a duration, as 10m, or a time, as 2026-01-31T12:00:00Z, not \"%s\"",
			values[PAWL_OPT_SINCE]);
		return PAWL_EXIT_USAGE;
	}
	status = pawl_client_request(cli, json_pack("{s:s}", "cmd", "status"), &data);
	if (status != PAWL_EXIT_OK)
		return status;
	reader.path = pawl_json_text(data, "log");
	if (!*reader.path || strcmp(reader.path, "-") == 0) {
		pawl_error("pawld at %s keeps no log in a file: start it with --log FILE",
			   cli->socket);
		return PAWL_EXIT_FAILED;
	}
	return print_log(&reader);
}
