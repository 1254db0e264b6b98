/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership that can be checked from one function: a local that owns something
 * is declared with _cleanup_* and initialised; TAKE_PTR and TAKE_FD hand it on.
 */
#ifndef PAWL_CORE_CLEANUP_H
#define PAWL_CORE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void pawl_freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void pawl_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void pawl_fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void pawl_closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_free_ _cleanup_(pawl_freep)
#define _cleanup_close_ _cleanup_(pawl_closep)
#define _cleanup_fclose_ _cleanup_(pawl_fclosep)
#define _cleanup_closedir_ _cleanup_(pawl_closedirp)

#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) _taken = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		_taken;                                                                            \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int _taken = (fd);                                                                 \
		(fd) = -1;                                                                         \
		_taken;                                                                            \
	})

#endif
