#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# link-tree.sh ROOT BUILD KDIR: makes BUILD a tree of links to what kbuild needs of ROOT, and empties
# it first when it was made for another kernel tree: two trees can have the same release.
set -eu
root=$1
build=$2
kdir=$(realpath "$3")

if [ -d "$build" ] && [ "$(cat "$build/.kdir" 2>/dev/null)" != "$kdir" ]; then
	rm -rf "$build"
fi
mkdir -p "$build"
echo "$kdir" >"$build/.kdir"

# The module folders are those that Kbuild names.
folders=$(sed -n 's/^obj-m += \(.*\)\/$/\1/p' "$root/Kbuild")
for path in Kbuild dkms.conf compat include $folders; do
	cp -rsf "$root/$path" "$build/"
done
mkdir -p "$build/selftests"
cp -rsf "$root/selftests/nmi" "$build/selftests/"
# Files that have gone from the sources must not be found here.
find "$build" -xtype l -delete
