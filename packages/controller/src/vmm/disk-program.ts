// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedProgram, ImageError } from "@livestack/image";
import { LivestackError } from "../livestack-error.js";

/** Where packages/disk makes the ends of its link, before it listens: tokens.h there. */
export const TOKENS = { out: 3, in: 4 } as const;

const sources = fileURLToPath(new URL("../../../disk/", import.meta.url));

/**
 * The back end of a modelled disk, from the cache, or compiled now.
 * @throws LivestackError SYSTEM
 */
export function diskProgram(): string {
  const files = readdirSync(sources).filter((name) => /\.[ch]$/.test(name));
  try {
    return cachedProgram(
      "livestack-disk",
      files.sort().map((name) => join(sources, name)),
    );
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    throw new LivestackError("SYSTEM", `it cannot be compiled: ${cause.message}`, {
      place: "livestack-disk",
      cause,
      hint: "run `npm run setup` in the checkout, which brings gcc and libc6-dev",
    });
  }
}
