/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries: 600 timers of the kernel's, each of which sends SIGCONT to its own process once
 * class: tree
 * where: host
 * linger: 2
 */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../tools/names.h"

/* A timer whose signal a SIGSTOP has discarded while it was pending is of no more use. */
#define TIMERS 600
#define STEP_NS 1000000LL
#define NS_PER_S 1000000000LL

int main(void)
{
	struct names names = names_read(getenv("DATA"));
	sigset_t set;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};

	/* blocked, it continues the process all the same, and no handler makes a system call */
	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < TIMERS; i++) {
		long long at_ns = (100 + i) * STEP_NS;
		struct itimerspec times = {.it_value = {at_ns / NS_PER_S, at_ns % NS_PER_S}};
		timer_t timer;

		if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
		    timer_settime(timer, 0, &times, NULL))
			err(1, "timer");
	}
	for (size_t i = 0; i < names.n; i++)
		unlinkat(names.dir, names.name[i], 0);
	return 0;
}
