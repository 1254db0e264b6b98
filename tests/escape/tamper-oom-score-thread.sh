# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: oom_score_adj of pawld, by /proc/PID/task/TID
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

state() {
	cat "/proc/$PAWLD_PID/oom_score_adj"
}

prepare() {
	state >before
}

attack() {
	echo 1000 >"/proc/$PAWLD_PID/task/$PAWLD_PID/oom_score_adj"
}

damage() {
	if [[ $(state) = "$(<before)" ]]; then echo 0; else echo 1; fi
}

restore() {
	echo 0 >"/proc/$PAWLD_PID/oom_score_adj"
}
