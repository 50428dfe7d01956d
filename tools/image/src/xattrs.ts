// SPDX-License-Identifier: Apache-2.0
// Extended attributes (file capabilities such as ping's) of an image built without root. fakeroot
// cannot carry them: a file whose attribute is set under it loses its type. So they are listed in
// the tree, where they are real, and set in the finished file system.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "./errors.js";
import { capture } from "./run.js";

export const XATTR_LINE = "livestack-xattr:";

/**
 * Shell text: prints a line for each attribute in the tree that is the current folder. In perl,
 * because every Debian has that; it has no functions for attributes, hence the numbers of the calls
 * (llistxattr and lgetxattr of x86-64).
 */
export const LIST_XATTRS = `chroot . sh -c '
find / -xdev "(" -path /proc -o -path /sys -o -path /dev ")" -prune -o -print0 |
perl -0 -ne "$1"' sh '
  chomp;
  my $path = $_;
  my $names = "\\0" x 65536;
  my $length = syscall(195, $path, $names, 65536);
  next if $length <= 0;
  for my $name (split /\\0/, substr($names, 0, $length)) {
    my $value = "\\0" x 65536;
    my $size = syscall(192, $path, "$name\\0", $value, 65536);
    die "$path: $name: $!\\n" if $size < 0;
    print "${XATTR_LINE} ", unpack("H*", $path), " $name ", unpack("H*", substr($value, 0, $size)), "\\n";
  }
'
`;

export function parseXattrLine(line: string): [path: string, name: string, hex: string] {
  const [path = "", name = "", hex = ""] = line.slice(XATTR_LINE.length).trimStart().split(" ");
  return [Buffer.from(path, "hex").toString(), name, hex];
}

export async function setXattrs(image: string, lines: readonly string[]): Promise<void> {
  const work = path.dirname(image);
  const [value, readBack] = [path.join(work, "xattr-value"), path.join(work, "xattr-read-back")];
  for (const [file, name, hex] of lines.map(parseXattrLine)) {
    await writeFile(value, Buffer.from(hex, "hex"));
    // debugfs exits with 0 whatever happened, hence the reading back.
    const commands = [
      ["-w", "-R", `ea_set -f ${value} "${file}" ${name}`, image],
      ["-R", `ea_get -f ${readBack} "${file}" ${name}`, image],
    ];
    await writeFile(readBack, "");
    for (const command of commands) await capture(["debugfs", ...command]);
    const got = await readFile(readBack, "hex");
    // Reading an ACL back, debugfs gives 0 for the ids of entries that have none; its length holds.
    if (got === hex || (name.startsWith("system.posix_acl_") && got.length === hex.length))
      continue;
    throw new ImageError(
      "build-failed",
      `The attribute ${name} of ${file} could not be set in the image: build it as root.`,
    );
  }
}
