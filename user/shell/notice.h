/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line for the program that was stopped: on its own standard error, as it was opened.
 */
#ifndef PAWL_SHELL_NOTICE_H
#define PAWL_SHELL_NOTICE_H

#include <stdbool.h>
#include <sys/types.h>

#define PAWL_NOTICE_MAX 3072 /* below PIPE_BUF: one write that does not mix with others */

/*
 * pawl_notice_send() - write @text to standard error of the process behind @pidfd.
 * @skip_dev, @skip_ino: a file that has the notice already; 0, 0: none
 *
 * Works in a child of its own with a time limit, because a terminal or a pipe may block.
 * The descriptor is duplicated, not opened anew by its path: what the process could not
 * write to, this cannot either.
 *
 * Return: 0 when the child was started; a negative errno.
 */
int pawl_notice_send(int pidfd, const char *text, dev_t skip_dev, ino_t skip_ino);

#endif
