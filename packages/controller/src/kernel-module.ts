// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NetlinkClient } from "@livestack/netlink-client";
import { codeOf } from "./code-of.js";
import { LivestackError } from "./livestack-error.js";

export interface ModuleVersion {
  version: string;
  /** of its netlink family; null when the module is loaded but this process cannot reach it */
  abi: number | null;
}

/** Asks the module over netlink what it is. @throws an error with code NOT_LOADED if none answers */
export type AskModule = () => Promise<{ version: string; abi: number }>;

export async function askOverNetlink(): Promise<{ version: string; abi: number }> {
  const client = await NetlinkClient.open();
  try {
    return await client.versionGet();
  } finally {
    await client.close();
  }
}

/**
 * The livestack module in this machine's kernel, null when none is loaded.
 * @param sysfs where sysfs is mounted
 * @throws LivestackError MODULE_REFUSED if there is one and it cannot be spoken with
 */
export async function moduleVersion(ask: AskModule, sysfs: string): Promise<ModuleVersion | null> {
  try {
    return await ask();
  } catch (error) {
    if (codeOf(error) !== "NOT_LOADED") throw refused(error);
  }
  const version = versionInSysfs(sysfs);
  return version === null ? null : { version, abi: null };
}

/** Network namespaces other than the first do not see the family, but they see sysfs. */
export function versionInSysfs(sysfs: string): string | null {
  try {
    return readFileSync(join(sysfs, "module/livestack/version"), "utf8").trim();
  } catch (error) {
    // Only the file's absence says "not loaded"; not being allowed to look says nothing.
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** What the client reports of its talk with the kernel; anything else is no answer of the module. */
function refused(error: unknown): unknown {
  if (!(error instanceof Error && error.name === "NetlinkError")) return error;
  const skew = codeOf(error) === "EPROTONOSUPPORT";
  return new LivestackError("MODULE_REFUSED", error.message, {
    place: "livestack.ko",
    hint: skew ? "load the module built from the same checkout as this program" : "see: dmesg",
    cause: error.cause,
  });
}
