// SPDX-License-Identifier: Apache-2.0
import type { Command } from "./mutants-judge.js";

/** A compiled test file, of which only the top-level tests named like `grep` count. */
export function tap(file: string, grep?: string, limitSeconds = 60): Command {
  return { argv: ["node", file], limitSeconds, ...(grep ? { env: { TAP_GREP: grep } } : {}) };
}

/** The same for tests that boot a lab. */
export function lab(file: string, grep?: string): Command {
  return tap(`test/dist/${file}.test.js`, grep, 300);
}

/** The kernel's self-tests with `filter` in their name, in a lab host of their own. */
export function selftests(filter: string): Command {
  const command = tap("test/dist/kernel-6-12.test.js", undefined, 420);
  return { ...command, env: { LIVESTACK_SELFTESTS: filter } };
}

/** Those of them that need a host whose time is counted. */
export function exactSelftests(): Command {
  return tap("test/dist/kernel-exact.test.js", undefined, 420);
}
