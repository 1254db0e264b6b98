# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317,SC2154
# tries: SIGKILL to the keeper
# class: tamper
# where: guest

# shellcheck source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

prepare() {
	keeper >keeper.pid
	[[ -s keeper.pid ]] || cannot 'no keeper'
}

attack() {
	kill -KILL "$(<keeper.pid)"
}

damage() {
	hurt "$(<keeper.pid)"
}
