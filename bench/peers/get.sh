#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetch a newer Debian package of a program to measure against, and print where it was unpacked.
#
# usage: get.sh PACKAGE PROGRAM [SUITE]      get.sh prometheus-blackbox-exporter prometheus-blackbox-exporter
#
# Nothing of the system is touched: packages are unpacked (dpkg -x) under the cache and run from there.
# apt checks their signatures.  Programs in Go run on any suite as they are.
set -eu
package=$1
program=$2
suite=${3:-sid}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/diarchy-test/peers/$suite
root=$cache/$package

find_program() {
	find "$root" -path '*bin/*' -name "$program" -type f 2>/dev/null | head -1
}

found=$(find_program)
if [ -n "$found" ]; then
	echo "$found"
	exit 0
fi

mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null |
	sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*\).*/\2/p' | head -1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -n "$mirror" ] && [ -f "$keys" ] || {
	echo "get.sh: this is no Debian with a mirror: can't fetch $package" >&2
	exit 69
}

# One at a time: tests that run beside each other want the same.
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
found=$(find_program)
if [ -n "$found" ]; then
	echo "$found"
	exit 0
fi

mkdir -p "$cache/lists/partial" "$cache/archives/partial" "$cache/parts" "$cache/debs"
: >"$cache/status"
echo "deb [signed-by=$keys] $mirror $suite main contrib" >"$cache/sources.list"
apt() {
	timeout 150 apt-get -qq -o Acquire::http::Timeout=20 -o Acquire::Retries=1 \
		-o Dir::Etc::sourcelist="$cache/sources.list" -o Dir::Etc::sourceparts="$cache/parts" \
		-o Dir::Etc::preferencesparts="$cache/parts" -o Dir::State::lists="$cache/lists" \
		-o Dir::State::status="$cache/status" -o Dir::Cache="$cache" -o APT::Sandbox::User="$(id -un)" "$@"
}
fetch() {
	apt update >&2 && (cd "$cache/debs" && apt download "$package" >&2)
}
# A mirror may fail for a moment; when it doesn't answer at all, not everybody waits for it again.
if [ -n "$(find "$cache/failed" -mmin -10 2>/dev/null)" ] || ! { fetch || { sleep 5 && fetch; }; }; then
	[ -n "$(find "$cache/failed" -mmin -10 2>/dev/null)" ] || : >"$cache/failed"
	echo "get.sh: $mirror gives no $package of $suite" >&2
	exit 69
fi
rm -f "$cache/failed"
rm -rf "$root.new"
dpkg -x "$(ls -t "$cache/debs/${package}"_*.deb | head -1)" "$root.new"
mv "$root.new" "$root"

found=$(find_program)
[ -n "$found" ] || {
	echo "get.sh: $package has no program $program" >&2
	exit 70
}
echo "$found"
