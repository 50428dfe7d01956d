#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh KDIR OUT: compiles each of OUT/probes/*.c against the kernel in KDIR and writes
# OUT/build/have.h, with one LS_HAVE_NAME for each that compiles. OUT is compat/ in a build folder.
set -eu
kdir=$1
out=$2

objects=
for source in "$out"/probes/*.c; do
	objects="$objects $(basename "$source" .c).o"
done
rm -f "$out"/probes/*.o
# -k: a probe that does not compile is an answer, and must not keep the others from being asked.
# -Werror: a function of the wrong type in a struct is only a warning to older compilers.
# shellcheck disable=SC2086 # a list of words
make -k -C "$kdir" M="$out/probes" KCFLAGS=-Werror $objects >"$out/probe.log" 2>&1 || true

if [ ! -e "$out/probes/control.o" ]; then
	echo "compat: the kernel headers in $kdir do not compile even an empty module:" >&2
	tail -n 15 "$out/probe.log" >&2
	echo "compat: install the headers, kbuild and compiler of that kernel (all of it: $out/probe.log)" >&2
	exit 1
fi

mkdir -p "$out/build"
{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	echo "/* Written by compat/probe.sh. */"
	for object in $objects; do
		name=${object%.o}
		if [ "$name" != control ] && [ -e "$out/probes/$object" ]; then
			echo "#define LS_HAVE_$(echo "$name" | tr '[:lower:]' '[:upper:]')"
		fi
	done
} >"$out/build/have.h.new"
mv "$out/build/have.h.new" "$out/build/have.h"
