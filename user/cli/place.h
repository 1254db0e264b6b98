/* SPDX-License-Identifier: Apache-2.0 */
/* Finding our own companions: pawld and the demo stand beside this program, or near it. */
#ifndef PAWL_CLI_PLACE_H
#define PAWL_CLI_PLACE_H

/*
 * An executable file at @relative to the directory of this program, which is taken from
 * /proc/self/exe. Return: its path, to be freed; NULL where there is none.
 */
char *pawl_place_beside(const char *relative);

/* An executable of that name in PATH. Return: as above. */
char *pawl_place_in_path(const char *name);

/* pawld's program: beside ours, in ../sbin, or in PATH. Return: as above. */
char *pawl_place_pawld(void);

#endif
