/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People's way in. Requests are hostile until the peer is known and the JSON is checked; a
 * client that is slow, silent or talkative costs itself its connection and nobody else
 * anything. It must not know what a command means.
 */
#include "user/shell/control.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "user/core/cleanup.h"
#include "user/core/text.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#define GROUP "pawl"
#define GROUPS_MAX 256

struct client {
	struct client *next;
	int fd;
	struct pawl_peer peer;
	char *request; /* PAWL_REQUEST_MAX bytes */
	size_t request_size;
	struct pawl_text out;
	size_t sent;
	bool ended; /* closed at the end of the round */
};

struct pawl_control {
	int epoll_fd;
	int listen_fd;
	char *path;
	gid_t group; /* (gid_t)-1: there is no such group */
	pawl_control_fn answer;
	void *ctx;
	struct client *clients;
	size_t clients_n;
};

static int connect_probe(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return 0;
}

static int listen_at(const char *path, gid_t group, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	struct stat st;
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect_probe(&address) == 0)
		return -EADDRINUSE;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST; /* whatever it is, it is not ours to remove */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0117); /* never wider than meant, not even for a moment */
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (group != (gid_t)-1 && chown(path, (uid_t)-1, group) < 0)
		return -errno;
	if (listen(fd, SOMAXCONN) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int watch(struct pawl_control *control, int operation, int fd, uint32_t events, void *what)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	return epoll_ctl(control->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int pawl_control_open(const char *path, pawl_control_fn answer, void *ctx,
		      struct pawl_control **ret_control)
{
	struct pawl_control *control = calloc(1, sizeof(*control));
	const struct group *group = getgrnam(GROUP);
	int r = -ENOMEM;

	if (!control)
		return -ENOMEM;
	control->listen_fd = -1;
	control->group = group ? group->gr_gid : (gid_t)-1;
	control->answer = answer;
	control->ctx = ctx;
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll_fd < 0)
		r = -errno;
	else
		r = listen_at(path, control->group, &control->listen_fd);
	if (r == 0)
		r = watch(control, EPOLL_CTL_ADD, control->listen_fd, EPOLLIN, NULL);
	if (r == 0 && !(control->path = strdup(path)))
		r = -ENOMEM;
	if (r < 0) {
		pawl_control_close(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

static void client_free(struct client *client)
{
	close(client->fd);
	if (client->peer.pidfd >= 0)
		close(client->peer.pidfd);
	free(client->request);
	free(client->out.data);
	free(client);
}

void pawl_control_close(struct pawl_control *control)
{
	struct client *client;

	if (!control)
		return;
	while ((client = control->clients)) {
		control->clients = client->next;
		client_free(client);
	}
	if (control->listen_fd >= 0)
		close(control->listen_fd);
	if (control->epoll_fd >= 0)
		close(control->epoll_fd);
	if (control->path)
		unlink(control->path);
	free(control->path);
	free(control);
}

int pawl_control_fd(const struct pawl_control *control)
{
	return control->epoll_fd;
}

static bool in_group(int fd, const struct pawl_peer *peer, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (group == (gid_t)-1)
		return false;
	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static int identify(const struct pawl_control *control, int fd, struct pawl_peer *ret_peer)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int pidfd = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	size = sizeof(pidfd);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
		pidfd = (int)syscall(SYS_pidfd_open, cred.pid, 0);
	*ret_peer = (struct pawl_peer){
		.uid = cred.uid,
		.gid = cred.gid,
		.pid = cred.pid,
		.pidfd = pidfd,
	};
	ret_peer->privileged = cred.uid == 0 || in_group(fd, ret_peer, control->group);
	return 0;
}

/*
 * Silent connections must not keep people out: the oldest that follows no session goes. The
 * list is newest first.
 */
static void end_oldest(struct pawl_control *control)
{
	struct client *oldest = NULL;

	for (struct client *client = control->clients; client; client = client->next) {
		if (!client->ended && (!client->peer.follows || !oldest))
			oldest = client;
	}
	if (oldest)
		oldest->ended = true;
}

static void accept_client(struct pawl_control *control)
{
	_cleanup_close_ int fd = -1;
	struct client *client;

	fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (!client)
		return;
	client->peer.pidfd = -1;
	client->fd = TAKE_FD(fd);
	client->request = malloc(PAWL_REQUEST_MAX);
	if (!client->request || identify(control, client->fd, &client->peer) < 0 ||
	    watch(control, EPOLL_CTL_ADD, client->fd, EPOLLIN | EPOLLRDHUP, client) < 0) {
		client_free(client);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	if (++control->clients_n > PAWL_CLIENTS_MAX)
		end_oldest(control);
}

static void flush(struct pawl_control *control, struct client *client)
{
	ssize_t n;

	while (client->sent < client->out.size) {
		n = send(client->fd, client->out.data + client->sent,
			 client->out.size - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			client->ended = true;
			return;
		}
		client->sent += (size_t)n;
	}
	if (client->sent == client->out.size) {
		client->sent = client->out.size = 0;
		watch(control, EPOLL_CTL_MOD, client->fd, EPOLLIN | EPOLLRDHUP, client);
		return;
	}
	watch(control, EPOLL_CTL_MOD, client->fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT, client);
}

static void send_line(struct pawl_control *control, struct client *client, json_t *line)
{
	_cleanup_free_ char *text = json_dumps(line, JSON_COMPACT);

	json_decref(line);
	if (!text || client->out.size - client->sent > PAWL_ANSWERS_MAX) {
		client->ended = true;
		return;
	}
	pawl_text_str(&client->out, text);
	pawl_text_str(&client->out, "\n");
	client->ended = client->out.failed;
	flush(control, client);
}

static void answer_line(struct pawl_control *control, struct client *client, const char *line,
			size_t size)
{
	json_t *request = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL), *data = NULL;
	_cleanup_free_ char *error = NULL;
	int code = 2;

	if (json_is_object(request))
		code = control->answer(control->ctx, &client->peer, request, &data, &error);
	else
		error = strdup("the request is not a JSON object");
	json_decref(request);
	if (code == 0)
		send_line(control, client,
			  json_pack("{s:b, s:o}", "ok", 1, "data", data ? data : json_null()));
	else
		send_line(control, client,
			  json_pack("{s:b, s:i, s:s}", "ok", 0, "code", code, "error",
				    error ? error : "out of memory"));
}

static void receive(struct pawl_control *control, struct client *client)
{
	size_t room = PAWL_REQUEST_MAX - client->request_size;
	ssize_t n = recv(client->fd, client->request + client->request_size, room, MSG_DONTWAIT);
	char *newline;
	size_t size;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client->ended = true;
		return;
	}
	client->request_size += (size_t)n;
	while (!client->ended && (newline = memchr(client->request, '\n', client->request_size))) {
		size = (size_t)(newline - client->request);
		answer_line(control, client, client->request, size);
		client->request_size -= size + 1;
		memmove(client->request, newline + 1, client->request_size);
	}
	if (client->request_size == PAWL_REQUEST_MAX)
		client->ended = true;
}

static void remove_ended(struct pawl_control *control)
{
	struct client **at = &control->clients, *client;

	while ((client = *at)) {
		if (!client->ended) {
			at = &client->next;
			continue;
		}
		*at = client->next;
		client_free(client);
		control->clients_n--;
	}
}

void pawl_control_dispatch(struct pawl_control *control)
{
	struct epoll_event events[64];
	int n = epoll_wait(control->epoll_fd, events, 64, 0);

	for (int i = 0; i < n; i++) {
		struct client *client = events[i].data.ptr;

		if (!client) {
			accept_client(control);
			continue;
		}
		if (events[i].events & EPOLLOUT)
			flush(control, client);
		if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			receive(control, client);
	}
	remove_ended(control);
}

void pawl_control_notify(struct pawl_control *control, uint32_t session, const char *text,
			 dev_t *ret_dev, ino_t *ret_ino)
{
	*ret_dev = 0;
	*ret_ino = 0;
	for (struct client *client = control->clients; client; client = client->next) {
		if (client->peer.follows != session || client->ended)
			continue;
		*ret_dev = client->peer.stderr_dev;
		*ret_ino = client->peer.stderr_ino;
		send_line(control, client, json_pack("{s:s}", "notice", text));
	}
}
