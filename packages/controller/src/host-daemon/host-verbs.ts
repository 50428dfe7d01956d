// SPDX-License-Identifier: Apache-2.0
// What a controller asks of a host before a session is there, and of a session's files.
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { join, normalize } from "node:path";
import type {
  BootSource as BootSourceMessage,
  GuestImage,
  MakeReady,
  MakeReadyDone,
  ReadFile,
  ReadFileDone,
} from "@livestack/proto/agent";
import { codeOf } from "../code-of.js";
import type { Context } from "../context.js";
import { isModuleName } from "../host/load-modules.js";
import { LivestackError } from "../livestack-error.js";
import type { Image } from "../scenario/scenario.js";
import { acceleratorOf } from "../vmm/accelerator.js";
import { bootSource } from "../vmm/guest-image.js";
import { findQemu } from "../vmm/qemu-program.js";

export const FILE_PIECE_BYTES = 512 << 10;

/** @throws LivestackError NO_KVM, NO_QEMU, NO_IMAGE, NOT_LOADED, MODULE_REFUSED, BAD_REQUEST */
export async function makeReady(
  { modules, images }: MakeReady,
  context: Context,
): Promise<MakeReadyDone> {
  if (images.length > 0) {
    acceleratorOf(context.root, context.env);
    findQemu(context.env);
  }
  const sources: BootSourceMessage[] = [];
  for (const image of images)
    sources.push({ component: image.component, ...(await bootSource(imageOf(image))) });
  const unknown = modules.find((name) => !isModuleName(name));
  if (unknown !== undefined)
    throw new LivestackError("BAD_REQUEST", `no module ${unknown} of ours`);
  await context.loadModules(modules.filter(isModuleName), context);
  return { sources };
}

/** Of a session whose run is led by a controller: logs and disks of its components. */
export function sessionFolder(root: string, uuid: string): string {
  return join(root, "var/lib/livestack/sessions", uuid);
}

export function makeSessionFolder(root: string, uuid: string): string {
  const folder = sessionFolder(root, uuid);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** @throws LivestackError BAD_REQUEST for what is not below the folder */
export function readSessionFile(folder: string, { path, offset }: ReadFile): ReadFileDone {
  if (path.startsWith("/") || normalize(path).startsWith(".."))
    throw new LivestackError("BAD_REQUEST", "only files of the session can be read", {
      place: path,
    });
  try {
    return pieceOf(join(folder, path), Number(offset));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return { data: Buffer.alloc(0), end: true, found: false };
  }
}

function pieceOf(path: string, offset: number): ReadFileDone {
  const file = openSync(path, "r");
  try {
    const left = Math.max(0, fstatSync(file).size - offset);
    const piece = Buffer.alloc(Math.min(FILE_PIECE_BYTES, left));
    const got = readSync(file, piece, 0, piece.length, offset);
    return { data: piece.subarray(0, got), end: got === left, found: true };
  } finally {
    closeSync(file);
  }
}

function imageOf({ image }: GuestImage): Image {
  switch (image?.$case) {
    case "builtin": {
      const { name, packages } = image.value;
      if (name === "tiny" || name === "debian") return { builtin: name, packages };
      throw new LivestackError("BAD_REQUEST", `there is no built-in image ${name}`);
    }
    case "kernel": {
      const { kernel, initrd, append } = image.value;
      return {
        kernel,
        ...(initrd !== undefined && { initrd }),
        ...(append !== undefined && { append }),
      };
    }
    case "disk":
      return { disk: image.value.path, format: formatOf(image.value.format) };
    default:
      throw new LivestackError("BAD_REQUEST", "a guest without an image");
  }
}

export function formatOf(text: string): "qcow2" | "raw" {
  if (text === "qcow2" || text === "raw") return text;
  throw new LivestackError("BAD_REQUEST", `there is no disk format ${text}`);
}
