#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: share-root.sh DIR SOCKET GROUP VIRTIOFSD LIBRARIES
#
# Serves this machine's root, read-only, to one lab host. The one thing of the lab that needs root.
# A lab host is root in itself and could mount the share writable, so it is made read-only here: in a
# mount namespace of its own, all of / is bound to DIR and each mount below made read-only. The
# namespace goes with the process, and the process goes when its host's QEMU closes the socket.
set -eu

if [ "${1-}" != --inside ]; then
	exec unshare --mount --propagation private "$0" --inside "$@"
fi
shift
dir=$1 socket=$2 group=$3 virtiofsd=$4 libraries=$5

mount --rbind / "$dir"
awk '{ print $5 }' /proc/self/mountinfo | while read -r escaped; do
	path=$(printf '%b' "$escaped")
	case $path in
	# One that another was mounted over has no path any more: nobody can reach it.
	"$dir" | "$dir"/*) mount -o remount,bind,ro "$path" || [ ! -e "$path" ] ;;
	esac
done
LD_LIBRARY_PATH=$libraries exec "$virtiofsd" -f --socket-path="$socket" --socket-group="$group" \
	--thread-pool-size=1 -o sandbox=chroot -o source="$dir" -o cache=auto -o log_level=warn
