// SPDX-License-Identifier: Apache-2.0
import { ImageError, tinyGuest } from "@livestack/image";
import { LivestackError } from "../livestack-error.js";
import type { Image } from "../scenario/scenario.js";
import { debianGuest } from "./debian-guest.js";

/** What a guest boots. Without a kernel it boots its disk by the firmware. */
export interface BootSource {
  kernel?: string;
  initrd?: string;
  append?: string;
  /** is never written to: the guest gets an overlay over it */
  disk?: { path: string; format: "qcow2" | "raw" };
}

/** @throws LivestackError NO_IMAGE */
export async function bootSource(image: Image): Promise<BootSource> {
  if ("disk" in image) return { disk: { path: image.disk, format: image.format } };
  if ("kernel" in image) return image;
  try {
    return await builtin(image.builtin, image.packages);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    // Its one sentence ends with the remedy.
    throw new LivestackError("NO_IMAGE", error.message, {
      place: `builtin:${image.builtin}`,
      cause: error.cause,
    });
  }
}

async function builtin(name: "tiny" | "debian", packages: readonly string[]): Promise<BootSource> {
  if (name === "tiny") {
    const { kernel, initrd } = tinyGuest();
    return { kernel, initrd };
  }
  const { kernel, initrd, disk, append } = await debianGuest(packages);
  return { kernel, initrd, append, disk: { path: disk, format: "raw" } };
}
