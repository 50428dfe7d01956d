#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# no-warnings.sh BUILD COMMAND...: runs a kernel build and fails if it fails or warns about a file
# below BUILD (the kernel's own headers are not ours to mend), or if modpost warns at all.
set -u
build=$1
shift

log=$build/warnings.log
"$@" >"$log" 2>&1
status=$?

# A file of ours is named in full or, by kernels since 6.13, from BUILD on.
ours() {
	grep -E ':[0-9]+:.*(warning|error):' "$log" | while IFS=: read -r file rest; do
		case $file in
		"$build"/*) echo "$file:$rest" ;;
		*) [ ! -e "$build/$file" ] || echo "$file:$rest" ;;
		esac
	done
	grep -E '^(WARNING|ERROR): ' "$log"
}

found=$(ours)
if [ "$status" -ne 0 ]; then
	tail -n 40 "$log" >&2
	echo "the build failed; all it said is in $log" >&2
	exit 1
fi
if [ -n "$found" ]; then
	echo "$found" >&2
	echo "mend these; all the build said is in $log" >&2
	exit 1
fi

# Nothing compiled, nothing looked at: that is no pass.
objects=$(find "$build" -path "$build/compat" -prune -o -name '*.o' ! -name '*.mod.o' -print | wc -l)
if [ "$objects" -eq 0 ]; then
	echo "nothing was compiled in $build; all the build said is in $log" >&2
	exit 1
fi
echo "no warnings, $objects objects: $build"
