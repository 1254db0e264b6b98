# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2317
# tries: rm below a chain of symbolic links to the directory
# class: files
# where: host

attack() {
	ln -s "$DATA" one && ln -s one two && ln -s two three
	rm -rf three/
	rm -f three/*
}
