// SPDX-License-Identifier: Apache-2.0
// Finished images in the cache: KEY.img and beside it KEY.json, which is written last.

import { readFile, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";

/** KEY.json */
export interface ImageRecord {
  schema: "livestack.image/1";
  key: string;
  /** Debian release, such as "bookworm". */
  release: string;
  /** Packages asked for beside the base set. */
  requested: string[];
  /** Size of the disk as the guest sees it, in bytes. */
  size: number;
  built: string;
  /** Every package in the image and its exact version. */
  packages: Record<string, string>;
}

export function imagePath(imagesDir: string, key: string): string {
  return path.join(imagesDir, `${key}.img`);
}

/** The record of a complete image, or undefined when it is missing or was damaged. */
export async function findImage(imagesDir: string, key: string): Promise<ImageRecord | undefined> {
  try {
    const text = await readFile(path.join(imagesDir, `${key}.json`), "utf8");
    const record = JSON.parse(text) as ImageRecord;
    const { size } = await stat(imagePath(imagesDir, key));
    const complete = record.schema === "livestack.image/1" && record.size === size;
    return complete ? record : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** Moves `file`, which must be on the cache's file system, and its record into place. */
export async function publish(imagesDir: string, file: string, record: ImageRecord): Promise<void> {
  const recordFile = path.join(path.dirname(file), "record.json");
  await writeFile(recordFile, `${JSON.stringify(record, undefined, 2)}\n`);
  await rename(file, imagePath(imagesDir, record.key));
  await rename(recordFile, path.join(imagesDir, `${record.key}.json`));
}

/** Package -> version of everything installed, from the text of dpkg's status file. */
export function installedPackages(status: string): Record<string, string> {
  const found: [string, string][] = [];
  for (const stanza of status.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1];
    const [name, version] = [field("Package"), field("Version")];
    if (name && version && field("Status") === "install ok installed") found.push([name, version]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
