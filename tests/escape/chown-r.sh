# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: chown -R to somebody else
# class: files
# where: host
# limit: 250
# total: 600

prepare() {
	"$TOOLS/files" make "$DATA" 600
}

attack() {
	chown -R 61234 "$DATA"
}

damage() {
	find "$DATA" -type f -uid 61234 | wc -l
}
