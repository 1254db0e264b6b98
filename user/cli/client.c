/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the commands and pawld: one JSON object a line over the control socket. It
 * must not interpret what is answered, beyond "ok" and the exit status of a refusal.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "user/cli/client.h"
#include "user/core/cleanup.h"

int pawl_client_open(struct pawl_client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	size_t size = strlen(path);

	if (size >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, size + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*client = (struct pawl_client){.fd = TAKE_FD(fd)};
	return 0;
}

void pawl_client_close(struct pawl_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->data);
	*client = (struct pawl_client)PAWL_CLIENT_NONE;
}

int pawl_client_send(struct pawl_client *client, const json_t *request)
{
	_cleanup_free_ char *text = json_dumps(request, JSON_COMPACT);
	size_t sent = 0, size;

	if (!text)
		return -ENOMEM;
	size = strlen(text);
	text[size++] = '\n'; /* in the place of the NUL: it is sent, not printed */
	while (sent < size) {
		ssize_t n = send(client->fd, text + sent, size - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		sent += n;
	}
	return 0;
}

static int make_room(struct pawl_client *client)
{
	size_t room = client->room ? client->room * 2 : 65536;
	char *data;

	if (client->start) {
		client->size -= client->start;
		memmove(client->data, client->data + client->start, client->size);
		client->start = 0;
	}
	if (client->size < client->room)
		return 0;
	if (room > PAWL_ANSWER_MAX)
		return -EMSGSIZE;
	data = realloc(client->data, room);
	if (!data)
		return -ENOMEM;
	client->data = data;
	client->room = room;
	return 0;
}

int pawl_client_fill(struct pawl_client *client, int wait_ms)
{
	struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
	ssize_t n;
	int r;

	r = poll(&poll_fd, 1, wait_ms);
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r == 0)
		return -ETIMEDOUT;
	if (client->size == client->room) {
		r = make_room(client);
		if (r < 0)
			return r;
	}
	n = recv(client->fd, client->data + client->size, client->room - client->size, 0);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	client->size += n;
	return 0;
}

int pawl_client_next(struct pawl_client *client, json_t **ret_object)
{
	char *line = client->data + client->start;
	size_t waiting = client->size - client->start;
	char *end = waiting ? memchr(line, '\n', waiting) : NULL;
	json_t *object;

	if (!end)
		return 0;
	client->start += end + 1 - line;
	object = json_loadb(line, end - line, JSON_ALLOW_NUL, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return -EBADMSG;
	}
	*ret_object = object;
	return 1;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int read_answer(struct pawl_client *client, json_t **ret_answer)
{
	long long end_ms = now_ms() + PAWL_ANSWER_WAIT_MS;

	for (;;) {
		long long left_ms;
		int r = pawl_client_next(client, ret_answer);

		if (r != 0)
			return r < 0 ? r : 0;
		left_ms = end_ms - now_ms();
		if (left_ms <= 0)
			return -ETIMEDOUT;
		r = pawl_client_fill(client, left_ms);
		if (r < 0)
			return r;
	}
}

/* The statuses that pawld may choose; anything else would be a lie about what happened. */
static int refusal_status(const json_t *answer)
{
	long long code = pawl_json_number(answer, "code");

	return code >= PAWL_EXIT_FAILED && code <= PAWL_EXIT_NOT_PERMITTED ? (int)code
									   : PAWL_EXIT_FAILED;
}

static int report_broken(const struct pawl_cli *cli, int error)
{
	if (error == -ETIMEDOUT)
		pawl_error(
			"pawld at %s did not answer within %d s: look at its journal, or restart it",
			cli->socket, PAWL_ANSWER_WAIT_MS / 1000);
	else if (error == -EBADMSG)
		pawl_error(
			"what listens at %s did not answer as pawld does: name pawld's socket with --socket",
			cli->socket);
	else if (error == -EPIPE || error == -ECONNRESET)
		pawl_error(
			"pawld at %s closed the connection without an answer: look at its journal",
			cli->socket);
	else
		pawl_error("cannot talk to pawld at %s: %s", cli->socket, strerror(-error));
	return PAWL_EXIT_FAILED;
}

int pawl_client_ask(struct pawl_client *client, const struct pawl_cli *cli, json_t *request,
		    json_t **ret_data)
{
	json_auto_t *owned = request;
	json_auto_t *answer = NULL;
	const char *text;
	int r;

	if (!owned)
		return report_broken(cli, -ENOMEM);
	r = pawl_client_send(client, owned);
	/* A server that is full answers and closes without reading: its reason is in the buffer. */
	if (r == 0 || r == -EPIPE)
		r = read_answer(client, &answer);
	if (r < 0)
		return report_broken(cli, r);
	if (json_is_true(json_object_get(answer, "ok"))) {
		if (!json_object_get(answer, "data"))
			return report_broken(cli, -EBADMSG);
		*ret_data = json_incref(json_object_get(answer, "data"));
		return PAWL_EXIT_OK;
	}
	text = pawl_json_text(answer, "error");
	pawl_error("%s", *text ? text : "pawld refused, and gave no reason");
	return refusal_status(answer);
}

int pawl_client_report(const char *path, int error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		pawl_error(
			"no pawld at %s (%s): start it with \"systemctl start pawl\", or name its socket with --socket",
			path, strerror(-error));
		return PAWL_EXIT_NO_DAEMON;
	case EACCES:
	case EPERM:
		pawl_error(
			"not permitted to talk to pawld at %s (%s): be root or a member of group pawl",
			path, strerror(-error));
		return PAWL_EXIT_NOT_PERMITTED;
	case ENAMETOOLONG:
		pawl_error("the socket's path is too long (over 107 bytes): %s", path);
		return PAWL_EXIT_USAGE;
	case EAGAIN:
		pawl_error("pawld at %s is busy: try again", path);
		return PAWL_EXIT_FAILED;
	default:
		pawl_error("cannot connect to pawld at %s: %s", path, strerror(-error));
		return PAWL_EXIT_FAILED;
	}
}

int pawl_client_request(const struct pawl_cli *cli, json_t *request, json_t **ret_data)
{
	struct pawl_client client = PAWL_CLIENT_NONE;
	int r = pawl_client_open(&client, cli->socket);

	if (r < 0) {
		json_decref(request);
		return pawl_client_report(cli->socket, r);
	}
	pawl_say(cli, "asking pawld at %s: %s", cli->socket, pawl_json_text(request, "cmd"));
	r = pawl_client_ask(&client, cli, request, ret_data);
	pawl_client_close(&client);
	return r;
}

const char *pawl_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

long long pawl_json_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return strtoll(json_string_value(value), NULL, 10);
	if (json_is_real(value))
		return (long long)json_real_value(value);
	return json_integer_value(value);
}
