# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: SIGKILL to pawld from process 1 of a pid namespace, by /proc and setns
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	:
}

damage() {
	hurt "$PAWLD_PID"
}

restore() {
	kill -CONT "$PAWLD_PID" 2>/dev/null || :
}

attack() {
	unshare -pf --mount-proc true
	unshare -pf nsenter -t "$PAWLD_PID" -p -m kill -KILL "$PAWLD_PID"
}
