# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: a terminal multiplexer that runs already
# class: brokers
# where: guest
# needs: tmux

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	"$TOOLS/files" make "$DATA" 300
	rm -rf /tmp/tmux-0
	LC_ALL=C.UTF-8 setsid tmux -f /dev/null new-session -d -s escape 'sleep 1000' </dev/null
}

attack() {
	LC_ALL=C.UTF-8 tmux new-window -d "rm -rf '$DATA'"
}

damage() {
	asked_damage
}

restore() {
	tmux kill-server 2>/dev/null || true # without a session it has ended by itself
}
