/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: handlers of SIGCONT and of a timer that delete, and every signal blocked in turn
 * class: tree
 * where: host
 * linger: 2
 */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "../tools/names.h"

static struct names names;
static volatile size_t next;

static void destroy(int signal)
{
	(void)signal;
	if (next < names.n)
		unlinkat(names.dir, names.name[next++], 0);
}

int main(void)
{
	const struct itimerval period = {{.tv_usec = 1000}, {.tv_usec = 1000}};
	struct sigaction action = {.sa_handler = destroy, .sa_flags = SA_NODEFER};
	sigset_t all, none;

	names = names_read(getenv("DATA"));
	sigaction(SIGCONT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &period, NULL);
	sigfillset(&all);
	sigemptyset(&none);
	while (next < names.n) {
		sigprocmask(SIG_SETMASK, &all, NULL);
		destroy(0);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	return 0;
}
