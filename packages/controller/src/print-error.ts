// SPDX-License-Identifier: Apache-2.0
import type { LivestackError } from "./livestack-error.js";

/** The lines a user sees of an error, the same for every command. */
export function errorText(error: LivestackError): string {
  const place = error.place === undefined ? "" : `${error.place}: `;
  const lines = [`livestack: ${place}${error.message} [${error.code}]`];
  if (error.cause instanceof Error) lines.push(`cause: ${error.cause.message}`);
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  return `${error.parts.map(errorText).join("")}${lines.join("\n")}\n`;
}
