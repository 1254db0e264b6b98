/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many files a directory holds, for one that stands still while it is moved: counted by a
 * process of our own, with the rights of the process that moves it, so that nothing is seen that
 * it may not see, and that a file system which does not answer holds up nobody but that process.
 */
#ifndef PAWL_SHELL_CENSUS_H
#define PAWL_SHELL_CENSUS_H

#include <stdint.h>
#include <sys/types.h>

#include "user/core/explain.h"

#define PAWL_CENSUS_LEVELS 4200 /* what is nested deeper cannot be counted */
#define PAWL_CENSUS_MS 2000	/* nor what takes longer */

struct pawl_census_job {
	uint32_t pid;	  /* of the process, or thread, that moves it */
	const char *path; /* as its namespace has it, from the root */
	uint64_t dev;	  /* what must be there, as in stat(2) */
	uint64_t ino;
	uint64_t most; /* where there are more files, it is not counted how many */
};

/*
 * pawl_census_start() - begins to count.
 * @ret_pid: the process that does: main reaps it with the others, and ends it where it is late
 * @ret_fd:  for pawl_census_result(); the caller closes it
 *
 * It ends with us. Return: 0 or a negative errno.
 */
int pawl_census_start(const struct pawl_census_job *job, pid_t *ret_pid, int *ret_fd);

/* What it has found, once it has ended. One that did not say it found more than can be counted. */
struct pawl_content pawl_census_result(int fd);

/*
 * pawl_census_count() - counts what is below @fd and no directory; @fd is closed.
 * @most:    counting ends where there are more
 * @wait_ms: and after so long
 *
 * Links are not followed, other mounts not entered. What cannot be read holds more than is
 * counted. One at a time.
 */
struct pawl_content pawl_census_count(int fd, uint64_t most, uint64_t wait_ms);

#endif
