# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: chmod -R to nothing
# class: files
# where: host
# limit: 250
# total: 600

prepare() {
	"$TOOLS/files" make "$DATA" 600
	chmod 644 "$DATA"/*
}

attack() {
	chmod -R 000 "$DATA"
}

damage() {
	find "$DATA" -type f ! -perm 644 | wc -l
}
