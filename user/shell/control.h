/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: authenticates the peer, reads one request a line, answers one
 * line. It decides nothing: requests go to the handler that main gave it.
 *
 * Wire: a Unix stream socket, one JSON object a line, at most PAWL_REQUEST_MAX bytes.
 *   request   {"cmd": NAME, ...}
 *   answer    {"ok": true, "data": ...} or {"ok": false, "code": EXIT, "error": TEXT}
 * `code` is the client's exit status: 1 failed, 2 usage, 4 not found, 5 not permitted.
 *
 *   cmd      members                               data
 *   status   -                                     {version, backend, mode, enforcing, kernel, pid,
 *                                                   log, policy, since, sessions, held, lost_events}
 *   ps       all?                                  array of sessions
 *   tree     session?                              array of {session, agent, state, processes: [{pid,
 *                                                   ppid, executable, args, held}]}
 *   holds    all?                                  array of holds
 *   show     hold                                  a hold, with directories, processes, cwd, tree
 *   approve  hold reason? for_ms?                  the hold
 *   deny     hold reason?                          the hold
 *   pause    session                               the session
 *   resume   session                               the session
 *   kill     session                               the session, and killed: processes
 *   attach   pid agent? policy?                    the session
 *   detach   session                               the session
 *   run      pid agent? policy? stderr_dev? stderr_ino?
 *                                                  the session; the connection stays open and
 *                                                   gets {"notice": TEXT} lines until the end
 *   doctor   -                                     {backend, enforcing, kernel, checks, hooks,
 *                                                   lost_events}
 *   policy   -                                     {name, text}
 *   reload   -                                     {name}
 */
#ifndef PAWL_SHELL_CONTROL_H
#define PAWL_SHELL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PAWL_REQUEST_MAX 65536	   /* a longer line ends the connection */
#define PAWL_CLIENTS_MAX 256	   /* the next one ends the connection idle for longest */
#define PAWL_ANSWERS_MAX (8 << 20) /* a client that lets more pile up is let go */

/* Who asks, as the kernel says. */
struct pawl_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	int pidfd;	 /* of the process that connected; -1: it could not be had */
	bool privileged; /* root, or of the socket's group */
	/* set by the handler: notices of this session go to the connection from now on */
	uint32_t follows;
	dev_t stderr_dev; /* the peer's own standard error, which shows them already */
	ino_t stderr_ino;
};

struct pawl_control;

/*
 * Answers one request. On 0, *ret_data is the answer's data (owned by the caller, NULL is
 * null); else the return value is the client's exit status and *ret_error a line for
 * people, from malloc.
 */
typedef int (*pawl_control_fn)(void *ctx, struct pawl_peer *peer, const json_t *request,
			       json_t **ret_data, char **ret_error);

/*
 * pawl_control_open() - listen at @path.
 * A socket that is left over from a pawld that is gone is replaced.
 * Return: 0; -EADDRINUSE: somebody answers there; another negative errno.
 */
int pawl_control_open(const char *path, pawl_control_fn answer, void *ctx,
		      struct pawl_control **ret_control);

/* Closes all connections and removes the socket. */
void pawl_control_close(struct pawl_control *control);

/* Readable when pawl_control_dispatch() has something to do. */
int pawl_control_fd(const struct pawl_control *control);
void pawl_control_dispatch(struct pawl_control *control);

/* Tells the followers of a session. @ret_dev, @ret_ino: where one shows it; 0 if none does. */
void pawl_control_notify(struct pawl_control *control, uint32_t session, const char *text,
			 dev_t *ret_dev, ino_t *ret_ino);

#endif
