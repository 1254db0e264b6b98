# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm in a daemon: double fork, setsid, reparented to init
# class: tree
# where: host
# quick: yes

attack() {
	"$TOOLS/spawn" daemon rm -rf "$DATA"
}
