/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaf of the pipeline: records go in, lines come out. A line that cannot be written is
 * counted and given up: the log must never hold up a decision.
 */
#include "user/shell/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "user/core/cleanup.h"
#include "user/core/text.h"

struct pawl_recorder {
	int fd;
	char *path;
	uint64_t lost;
	struct pawl_text line;
};

static int open_log(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	return fd < 0 ? -errno : fd;
}

int pawl_recorder_open(const char *path, struct pawl_recorder **ret_recorder)
{
	struct pawl_recorder *recorder = calloc(1, sizeof(*recorder));
	int r;

	if (!recorder)
		return -ENOMEM;
	recorder->path = strdup(path);
	recorder->fd = recorder->path ? open_log(path) : -ENOMEM;
	if (recorder->fd < 0) {
		r = recorder->fd;
		free(recorder->path);
		free(recorder);
		return r;
	}
	*ret_recorder = recorder;
	return 0;
}

void pawl_recorder_close(struct pawl_recorder *recorder)
{
	if (!recorder)
		return;
	close(recorder->fd);
	free(recorder->path);
	free(recorder->line.data);
	free(recorder);
}

int pawl_recorder_reopen(struct pawl_recorder *recorder)
{
	int fd = open_log(recorder->path);

	if (fd < 0)
		return fd;
	close(recorder->fd);
	recorder->fd = fd;
	return 0;
}

uint64_t pawl_recorder_lost(const struct pawl_recorder *recorder)
{
	return recorder->lost;
}

static void begin(struct pawl_recorder *recorder, struct pawl_when now, const char *action)
{
	char time[32];

	recorder->line.size = 0;
	pawl_text_printf(&recorder->line, "{\"@timestamp\":\"%s\",\"event.action\":\"%s\"",
			 pawl_time_format(now.real_ns, time), action);
}

static void put(struct pawl_recorder *recorder, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	pawl_text_printf(&recorder->line, ",\"%s\":", name);
	pawl_text_json(&recorder->line, value);
}

static void put_number(struct pawl_recorder *recorder, const char *name, uint64_t value)
{
	pawl_text_printf(&recorder->line, ",\"%s\":%" PRIu64, name, value);
}

static void put_args(struct pawl_recorder *recorder, const char *args, size_t size)
{
	const char *end = args + size;
	char arg[PAWL_ARGS_MAX + 1];
	size_t length;

	if (!args || !size)
		return;
	pawl_text_str(&recorder->line, ",\"process.args\":[");
	for (const char *at = args; at < end; at += length + 1) {
		length = strnlen(at, (size_t)(end - at));
		snprintf(arg, sizeof(arg), "%.*s",
			 (int)(length < PAWL_ARGS_MAX ? length : PAWL_ARGS_MAX), at);
		pawl_text_str(&recorder->line, at == args ? "" : ",");
		pawl_text_json(&recorder->line, arg);
	}
	pawl_text_str(&recorder->line, "]");
}

/* A pipe that nobody reads would block: such a line is lost. */
static bool takes_line(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	return poll(&ready, 1, 0) == 1 && ready.revents & POLLOUT;
}

static void end(struct pawl_recorder *recorder)
{
	pawl_text_str(&recorder->line, "}\n");
	if (recorder->line.failed || !takes_line(recorder->fd) ||
	    write(recorder->fd, recorder->line.data, recorder->line.size) !=
		    (ssize_t)recorder->line.size)
		recorder->lost++;
	recorder->line.failed = false;
}

static void put_session(struct pawl_recorder *recorder, uint32_t id, const char *agent)
{
	pawl_text_printf(&recorder->line, ",\"pawl.session\":\"s%" PRIu32 "\"", id);
	put(recorder, "pawl.agent", agent);
}

static void put_operation(struct pawl_recorder *recorder, const struct pawl_operation *op,
			  const char *broker)
{
	char comm[PAWL_COMM_LEN + 1] = "";

	memcpy(comm, op->comm, PAWL_COMM_LEN);
	put(recorder, "pawl.operation", pawl_class_name(op->class));
	put(recorder, "pawl.detail", pawl_detail_name(op->detail));
	if (op->class == PAWL_CLASS_BROKER)
		put(recorder, "pawl.broker", broker);
	put(recorder, "file.path", pawl_path_text(&op->path));
	put_number(recorder, "process.pid", op->tgid);
	put(recorder, "process.name", comm);
	put_number(recorder, "user.id", op->uid);
}

void pawl_record_daemon(struct pawl_recorder *recorder, struct pawl_when now, const char *action,
			const char *detail)
{
	begin(recorder, now, action);
	put(recorder, "message", detail);
	end(recorder);
}

void pawl_record_exec(struct pawl_recorder *recorder, struct pawl_when now, const char *agent,
		      const struct pawl_exec_event *event)
{
	char exe[sizeof(event->exe) + 1] = "";
	size_t size = event->args_len < sizeof(event->args) ? event->args_len : sizeof(event->args);

	memcpy(exe, event->exe, sizeof(event->exe));
	begin(recorder, now, "process.exec");
	put_session(recorder, event->h.id, agent);
	put_number(recorder, "process.pid", event->h.tgid);
	put_number(recorder, "process.parent.pid", event->parent_tgid);
	put(recorder, "process.executable", exe);
	put_args(recorder, event->args, size);
	put_number(recorder, "user.id", event->uid);
	end(recorder);
}

static void put_hold(struct pawl_recorder *recorder, const struct pawl_hold *hold)
{
	pawl_text_printf(&recorder->line, ",\"pawl.hold\":\"h%" PRIu32 "\"", hold->id);
	put(recorder, "pawl.state", pawl_hold_state_name(hold->state));
	put_operation(recorder, &hold->op, hold->name);
	put(recorder, "process.executable", hold->executable);
	put(recorder, "process.working_directory", hold->cwd);
	put_args(recorder, hold->args, hold->args_size);
	if (hold->op.detail == PAWL_DETAIL_MOVED_DIR)
		put_number(recorder, "pawl.files", hold->content.files);
	put_number(recorder, "pawl.lost", hold->lost);
	put_number(recorder, "pawl.recoverable", hold->recoverable);
	put(recorder, "pawl.by", hold->by);
	put(recorder, "pawl.reason", hold->reason);
}

void pawl_record_effect(struct pawl_recorder *recorder, struct pawl_when now,
			enum pawl_record_type type, const struct pawl_live_session *session,
			uint32_t session_id, const struct pawl_hold *hold,
			const struct pawl_operation *op, const char *broker)
{
	begin(recorder, now, pawl_record_name(type));
	put_session(recorder, session_id, session ? session->agent : NULL);
	if (session && type == PAWL_RECORD_SESSION_START)
		put_number(recorder, "process.pid", session->root_pid);
	if (hold)
		put_hold(recorder, hold);
	else if (op)
		put_operation(recorder, op, broker);
	end(recorder);
}

void pawl_record_attempts(struct pawl_recorder *recorder, struct pawl_when now,
			  const struct pawl_effect *effect, const char *agent)
{
	begin(recorder, now, pawl_record_name(effect->record));
	put_session(recorder, effect->session, agent);
	if (pawl_record_is_operation(effect->record))
		put(recorder, "pawl.operation", pawl_class_name(effect->class));
	put(recorder, "pawl.broker", effect->broker);
	put_number(recorder, "pawl.count", effect->count);
	end(recorder);
}

void pawl_record_operations(struct pawl_recorder *recorder, struct pawl_when now, const char *agent,
			    const struct pawl_dir_key *key, const char *directory, uint64_t count)
{
	begin(recorder, now, pawl_class_name(key->class));
	put_session(recorder, key->id, agent);
	put(recorder, "file.directory", directory);
	put_number(recorder, "pawl.count", count);
	end(recorder);
}
