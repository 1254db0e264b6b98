#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the real agents that 10-agents.sh runs, from npm, into a cache that is kept between runs,
# and prints the cache's directory. With the cache filled it needs no network. The versions are
# those whose process trees were measured for the built-in signatures.

set -euo pipefail

readonly PACKAGES=(
	@anthropic-ai/claude-code@2.1.197
	opencode-ai@1.18.33
	@openai/codex@0.169.0
	@google/gemini-cli@0.61.0
)

here=$(dirname "$(readlink -f "$0")")
cache=${PAWL_AGENTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pawl/agents}
wanted=$(printf '%s\n' "$(uname -m)" "${PACKAGES[@]}")

is_filled() {
	[[ -f $cache/stamp && $(<"$cache/stamp") == "$wanted" ]]
}

# A cache is either whole or absent: npm works in a directory of its own, renamed when it is done.
# The agents' programs come as optional packages and are put in place by install scripts: both are
# asked for, whatever the user's npm is set to. Without a network it gives up soon.
fill() {
	local new=$cache.new

	trap 'rm -rf "$cache.new"' EXIT
	rm -rf "$new"
	mkdir -p "$new"
	npm install --prefix "$new" --no-audit --no-fund --no-update-notifier --loglevel=error \
		--include=optional --ignore-scripts=false \
		--fetch-retries=1 --fetch-retry-mintimeout=1000 \
		"${PACKAGES[@]}" >&2
	printf '%s\n' "$wanted" >"$new/stamp"
	rm -rf "$cache"
	mv "$new" "$cache"
}

mkdir -p "$(dirname "$cache")"
exec 9>"$cache.lock"
flock 9
if ! is_filled; then
	command -v npm >/dev/null || "$here/../../scripts/deps.sh" agents >&2
	fill
fi
echo "$cache"
