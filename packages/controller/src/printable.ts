// SPDX-License-Identifier: Apache-2.0

/** Text that quotes a file, which may hold anything, made fit for a terminal: one line, no controls. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
