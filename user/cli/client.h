/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of the control socket (the wire: user/shell/control.h), and
 * reading what came over it.
 */
#ifndef PAWL_CLI_CLIENT_H
#define PAWL_CLI_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "user/cli/cli.h"

#define PAWL_ANSWER_MAX (64 << 20) /* bytes; a longer answer is an error */
#define PAWL_ANSWER_WAIT_MS 60000  /* killing a tree of thousands takes its time */

struct pawl_client {
	int fd;
	char *data;
	size_t start; /* of the first line not yet handed out */
	size_t size;
	size_t room;
};
#define PAWL_CLIENT_NONE                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* 0, or the negative errno of socket(2) and connect(2); -ENAMETOOLONG. */
int pawl_client_open(struct pawl_client *client, const char *path);
void pawl_client_close(struct pawl_client *client);

/* 0, or the negative errno of send(2); -ENOMEM. */
int pawl_client_send(struct pawl_client *client, const json_t *request);

/*
 * Reads what has arrived, waiting for something up to @wait_ms.
 * Return: 0; -EPIPE: the other end is closed; -ETIMEDOUT; -EMSGSIZE; -ENOMEM; of recv(2).
 */
int pawl_client_fill(struct pawl_client *client, int wait_ms);

/* Return: 1 and a line's object, to be freed; 0: no whole line is here; -EBADMSG. */
int pawl_client_next(struct pawl_client *client, json_t **ret_object);

/*
 * Sends and waits for the answer. A fault is reported, as is a refusal by pawld.
 * Takes @request over; *ret_data is the answer's data, to be freed.
 * Return: an exit status.
 */
int pawl_client_ask(struct pawl_client *client, const struct pawl_cli *cli, json_t *request,
		    json_t **ret_data);

/* Opens, asks and closes. Return: an exit status; anything but 0 was reported. */
int pawl_client_request(const struct pawl_cli *cli, json_t *request, json_t **ret_data);

/* Reports a failed pawl_client_open(). Return: the exit status for it. */
int pawl_client_report(const char *path, int error);

/* A member as text; "" where there is none. Numbers are not converted. */
const char *pawl_json_text(const json_t *object, const char *key);

/* A member as a number, also where it is written as a string; 0 where there is none. */
long long pawl_json_number(const json_t *object, const char *key);

#endif
