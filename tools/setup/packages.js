// SPDX-License-Identifier: Apache-2.0

/**
 * The Debian packages LiveStack needs installed, each with the reason. Recommended packages are
 * not taken along, so what is only recommended (libc6-dev by gcc) is named.
 * @type {ReadonlyArray<readonly [name: string, reason: string]>}
 */
export const DEBIAN_PACKAGES = [
  // The kernels' headers name gcc-12, which Debian 12's gcc brings.
  ["gcc", "compiles the kernel modules and the lab's agent"],
  ["libc6-dev", "C headers and the static C library the lab's agent is linked with"],
  ["make", "runs the kernel's build system"],
  // 6.12's headers carry the kernel's type information, and then calling pahole is not optional.
  ["pahole", "writes the type information (BTF) of modules built for 6.12"],
  ["libelf-dev", "objtool of a kernel built from source"],
  ["bc", "a kernel built from source"],
  ["bison", "a kernel built from source"],
  ["flex", "a kernel built from source"],
  ["libssl-dev", "a kernel built from source"],
  ["xz-utils", "unpacks the kernel source and 6.12's compressed modules"],
  // checkpatch uses modules that perl-base, which every Debian has, leaves out.
  ["perl", "checkpatch and the kernel's build scripts"],
  ["sparse", "static check of the kernel modules"],
  ["kmod", "indexes the modules of the lab's kernels (depmod)"],
  ["cpio", "packs the lab hosts' initramfs"],
  ["mount", "shares this machine's root with lab hosts, read-only"],
  ["iproute2", "networks of the lab hosts, and inside them"],
  ["mmdebstrap", "builds the disk images of guests and lab hosts"],
  ["uidmap", "lets mmdebstrap work without root"],
  ["fakeroot", "keeps root's ownership in a disk image built without root"],
  ["e2fsprogs", "makes the file systems of the disk images (mke2fs)"],
  ["mtools", "makes the disk that a guest boots by firmware, in a test"],
  ["syslinux", "boot loader of that disk"],
  ["openssh-client", "reaches lab hosts that run a full Debian"],
  ["gdb", "lab test --gdb"],
  ["tshark", "opens captures of links, in tests: what we write is what others read"],
];
