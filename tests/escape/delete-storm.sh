# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: deleting with processes of real-time priority that interrupt each other in the kernel's hooks
# class: load
# where: guest
# total: 4000

prepare() {
	"$TOOLS/files" make "$DATA" 4000
}

attack() {
	exec "$TOOLS/escape/delete-storm"
}

damage() {
	echo $((4000 - $("$TOOLS/files" intact "$DATA")))
}
