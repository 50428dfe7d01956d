// SPDX-License-Identifier: Apache-2.0
// What JSON has no words for, as it goes over the agent's socket.
import * as z from "zod";

/** A u64 as its digits: JSON's numbers are exact to 2^53 only. */
export const u64 = z.codec(z.string().regex(/^\d{1,20}$/), z.bigint(), {
  decode: (digits) => BigInt(digits),
  encode: (value) => String(value),
});

export const bytes = z.codec(z.base64(), z.instanceof(Buffer), {
  decode: (text) => Buffer.from(text, "base64"),
  encode: (buffer) => buffer.toString("base64"),
});

export const histogram = z.array(u64).readonly();
export const componentId = z.int().min(0).max(1023);
