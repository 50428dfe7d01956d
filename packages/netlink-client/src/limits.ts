// SPDX-License-Identifier: Apache-2.0
// What the kernel's netlink code refuses by policy, refused here before anything is sent: with the
// same error number and words, of which the npm package would show the number only.
import type { AttributeSpec } from "./generated/livestack.js";
import { NetlinkError } from "./netlink-error.js";

/** The name as the spec and the kernel's sentences spell it: "quantumNs" is quantum-ns. */
export function specName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @param words the kernel's own for this refusal @param why what it was in this case */
export function refuse(
  code: "EINVAL" | "ERANGE",
  name: string,
  words: string,
  why: string,
): NetlinkError {
  return new NetlinkError(code, `${specName(name)}: ${words}: ${why}`, { attribute: name });
}

/** @returns the integer @throws NetlinkError ERANGE outside its limits, EINVAL if it is none */
export function checkInteger(
  name: string,
  spec: AttributeSpec,
  bits: number,
  value: unknown,
): bigint {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!whole)
    throw refuse("EINVAL", name, "invalid attribute", `${String(value)} is no whole number`);
  const number = BigInt(value as bigint | number);
  const { min = 0n, max = (1n << BigInt(bits)) - 1n, mask } = spec;
  if (number < min || number > max)
    throw refuse("ERANGE", name, "integer out of range", `${number} is not from ${min} to ${max}`);
  if (mask !== undefined && (number & ~mask) !== 0n)
    throw refuse("EINVAL", name, "reserved bit set", `${number} has bits outside of ${mask}`);
  return number;
}

export function checkText(name: string, spec: AttributeSpec, value: unknown): string {
  if (typeof value !== "string") throw refuse("EINVAL", name, "invalid attribute", "takes text");
  // The kernel would take the part before it for the whole.
  if (value.includes("\0"))
    throw refuse("EINVAL", name, "Attribute failed policy validation", "a NUL character in it");
  const { maxLength = 0xfff0 } = spec;
  const bytes = Buffer.byteLength(value);
  if (bytes > maxLength)
    throw refuse(
      "ERANGE",
      name,
      "Attribute failed policy validation",
      `${bytes} bytes, it takes ${maxLength} at most`,
    );
  return value;
}

export function checkLength(name: string, spec: AttributeSpec, value: unknown): Buffer {
  if (!(value instanceof Uint8Array))
    throw refuse("EINVAL", name, "invalid attribute", "takes bytes");
  const { minLength = 0, maxLength = 0xfff0 } = spec;
  if (value.length < minLength || value.length > maxLength)
    throw refuse(
      "ERANGE",
      name,
      "Attribute failed policy validation",
      `${value.length} bytes, it takes ${minLength} to ${maxLength}`,
    );
  return Buffer.from(value.buffer, value.byteOffset, value.length);
}
