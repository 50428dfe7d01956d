// SPDX-License-Identifier: Apache-2.0

/** What an error calls itself, such as ENOENT from the operating system; undefined when nothing. */
export function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
}
