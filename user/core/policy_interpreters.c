/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs run scripts: without this, `rm -rf gemini` would be taken for Gemini CLI.
 * The kernel's rules are filled from the same list.
 */
#include <string.h>

#include "user/core/policy.h"

const char *const pawl_interpreters[] = {
	"node",	      "nodejs",	    "bun",	  "deno",	"tsx",	      "python",
	"python2",    "python3",    "pypy3",	  "sh",		"bash",	      "dash",
	"zsh",	      "ksh",	    "fish",	  "perl",	"ruby",	      "php",
	"lua",	      "python3.6",  "python3.7",  "python3.8",	"python3.9",  "python3.10",
	"python3.11", "python3.12", "python3.13", "python3.14", "python3.15", "python3.16",
	"python3.17", "python3.18", "python3.19", "python3.20", NULL,
};

bool pawl_is_interpreter(const char *name)
{
	for (const char *const *known = pawl_interpreters; *known; known++) {
		if (!strcmp(*known, name))
			return true;
	}
	return false;
}
