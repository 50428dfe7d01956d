// SPDX-License-Identifier: Apache-2.0
// Extended attributes (file capabilities such as ping's) of an image built without root. fakeroot
// cannot carry them: a file whose attribute is set under it loses its type. So they are listed in
// the tree, where they are real, and set in the finished file system.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "./errors.js";
import { capture } from "./run.js";

export const XATTR_LINE = "livestack-xattr:";

/** Shell text: prints a line for each attribute in the tree that is the current folder. */
export const LIST_XATTRS = `chroot . python3 -c '
import json, os
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/dev")):
        continue
    for path in [folder] + [os.path.join(folder, name) for name in names]:
        for name in os.listxattr(path, follow_symlinks=False):
            value = os.getxattr(path, name, follow_symlinks=False).hex()
            print("${XATTR_LINE}", json.dumps([path, name, value]))
'
`;

export function parseXattrLine(line: string): [path: string, name: string, hex: string] {
  return JSON.parse(line.slice(XATTR_LINE.length));
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
