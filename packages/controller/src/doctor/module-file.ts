// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../code-of.js";
import type { Machine } from "./machine.js";

export interface ModuleFile {
  path: string;
  /** found by modprobe, not only in the checkout */
  installed: boolean;
  /** what the file says of itself; null when it is compressed */
  info: ModuleInfo | null;
}

export interface ModuleInfo {
  version: string;
  /** the kernel it was built for, as `uname -r` names it */
  release: string;
  signed: boolean;
}

const COMPRESSED = /\.(xz|zst|gz)$/;
const SIGNATURE_MARK = "~Module signature appended~\n";

/** The livestack.ko that would be loaded into this kernel: modprobe's before the checkout's. */
export function findModuleFile(machine: Machine): ModuleFile | null {
  const release = machine.release();
  const folder = `lib/modules/${release}`;
  const index = machine.read(`${folder}/modules.dep`) ?? "";
  const found = /^((?:\S*\/)?livestack\.ko(?:\.\w+)?):/m.exec(index)?.[1];
  if (found) {
    const path = machine.path(join(folder, found));
    // Compressed ones are left to the kernel, which says its word when it loads them.
    if (COMPRESSED.test(path)) return { path, installed: true, info: null };
    return { path, installed: true, info: readInfo(path) };
  }
  const built = join(machine.parts.checkout, "kernel/build", release, "core/livestack.ko");
  const info = readInfoIfThere(built);
  return info && { path: built, installed: false, info };
}

function readInfoIfThere(path: string): ModuleInfo | null {
  try {
    return readInfo(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Reads the section .modinfo the easy way: strings "name=value" between zero bytes. */
function readInfo(path: string): ModuleInfo {
  const bytes = readFileSync(path).toString("latin1");
  const field = (name: string) =>
    new RegExp(`(?:^|\\0)${name}=([^\\0]*)(?:\\0|$)`).exec(bytes)?.[1] ?? "unknown";
  return {
    version: field("version"),
    release: field("vermagic").split(" ")[0] ?? "unknown",
    signed: bytes.endsWith(SIGNATURE_MARK),
  };
}
