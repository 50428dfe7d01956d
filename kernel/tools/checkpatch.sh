#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# checkpatch.sh SCRIPT KDIR: checkpatch --strict over all C sources here, and over the examples, which
# are in the same style. SCRIPT may be empty: then KDIR's own, else one taken out of Debian's
# linux-source package, once.
set -eu
root=$(realpath "$(dirname "$0")/..")
script=$1
kdir=$2
cache=$root/build/checkpatch

fetch() {
	echo "checkpatch: taking it out of linux-source-6.12, once" >&2
	if ! deb=$(node "$root/../tools/setup" --fetch linux-source-6.12); then
		echo "checkpatch: not found; name the script with CHECKPATCH=FILE" >&2
		exit 1
	fi
	mkdir -p "$cache.new"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$cache.new" --strip-components=2 --wildcards \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
	rm -rf "$cache"
	mv "$cache.new" "$cache"
}

if [ -z "$script" ]; then
	script=$kdir/scripts/checkpatch.pl
	if [ ! -e "$script" ]; then
		script=$cache/checkpatch.pl
		[ -e "$script" ] || fetch
	fi
fi

# Left out by name is only what cannot apply: compat/ is the place for LINUX_VERSION_CODE, and the
# self-tests and examples are user space, which has neither the kernel's short types nor its attribute
# macros.
# Tracepoints are laid out as in the kernel's own include/trace, which the script knows by that path.
check() {
	ignored=$1
	shift
	find "$@" -name '*.[ch]' -print | sort |
		xargs perl "$script" --no-tree --strict --terse --show-types --quiet --no-summary \
			--ignore "$ignored" --file
}

cd "$root"
status=0
check LINUX_VERSION_CODE . -path ./build -prune -o -path ./selftests -prune -o \
	! -name trace.h || status=1
check OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,MACRO_ARG_REUSE . -path ./build -prune -o \
	-name trace.h || status=1
user_space=PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO
check $user_space selftests || status=1
# Of a checkout: DKMS has this folder alone.
[ ! -d ../examples ] || check $user_space ../examples -name build -prune -o || status=1
[ "$status" -ne 0 ] || echo "checkpatch: clean"
exit "$status"
