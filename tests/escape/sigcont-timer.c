/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: a timer of the kernel's that sends SIGCONT to its own process 10,000 times a second
 * class: tree
 * where: host
 * linger: 2
 */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../tools/names.h"

#define PERIOD_NS 100000

/* A signal that is ignored would stop the timer. */
static void ignore(int signal)
{
	(void)signal;
}

int main(void)
{
	struct names names = names_read(getenv("DATA"));
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
	struct itimerspec period = {.it_interval = {.tv_nsec = PERIOD_NS},
				    .it_value = {.tv_nsec = PERIOD_NS}};
	timer_t timer;

	signal(SIGCONT, ignore);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &period, NULL))
		err(1, "timer");
	for (size_t i = 0; i < names.n; i++)
		unlinkat(names.dir, names.name[i], 0);
	return 0;
}
