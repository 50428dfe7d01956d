// SPDX-License-Identifier: Apache-2.0
import { ExitStatus, LabError } from "./errors.js";

const FACTOR: Record<string, number> = { "": 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };
const MIN_MEMORY = 128 << 20;

/** "512M", "2G" (powers of 1024) to bytes. */
export function parseMemory(text: string): number {
  const match = /^(\d+)([kmg]?)(i?b)?$/i.exec(text);
  const bytes = match ? Number(match[1]) * (FACTOR[match[2]?.toLowerCase() ?? ""] ?? 1) : 0;
  if (!Number.isSafeInteger(bytes) || bytes < MIN_MEMORY)
    throw new LabError(
      ExitStatus.USAGE,
      `--memory ${text}: not an amount of memory of at least 128M`,
      "write it as 512M or 2G",
    );
  return bytes;
}

export function parseRoot(text: string): { root: "host" | "debian"; packages: string[] } {
  const [kind = "", list] = text.split(/:(.*)/s, 2);
  if ((kind !== "host" && kind !== "debian") || (kind === "host" && list !== undefined))
    throw new LabError(
      ExitStatus.USAGE,
      `--root ${text}: not a root`,
      "take host (this machine's, read-only), debian, or debian:PACKAGE,PACKAGE...",
    );
  return { root: kind, packages: (list ?? "").split(",").filter(Boolean) };
}
