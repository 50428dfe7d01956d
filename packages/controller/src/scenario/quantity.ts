// SPDX-License-Identifier: Apache-2.0
// Times, rates and sizes as people write them, "1.5ms", "25Gbit", "512MiB", kept exact.
import { LivestackError } from "../livestack-error.js";

export interface Quantity {
  /** what it is, with its article */
  readonly what: string;
  /** how many of the base unit, which is the first, each unit is; rising */
  readonly units: Readonly<Record<string, bigint>>;
  /** what people write who mean one of `units` */
  readonly meant: Readonly<Record<string, string>>;
  readonly example: string;
}

/** Simulated time, in nanoseconds. */
export const TIME: Quantity = {
  what: "a time",
  units: {
    ns: 1n,
    us: 1_000n,
    ms: 1_000_000n,
    s: 1_000_000_000n,
    min: 60_000_000_000n,
    h: 3_600_000_000_000n,
  },
  meant: { µs: "us", μs: "us", m: "ms, or min", sec: "s", hr: "h" },
  example: "10ms",
};

/** Bits per second. */
export const RATE: Quantity = {
  what: "a rate",
  units: {
    bit: 1n,
    kbit: 1_000n,
    Mbit: 1_000_000n,
    Gbit: 1_000_000_000n,
    Tbit: 1_000_000_000_000n,
  },
  // tc reads bps as bytes per second, everybody else as bits.
  meant: { bps: "bit", kbps: "kbit", Mbps: "Mbit", Gbps: "Gbit", Kbit: "kbit" },
  example: "25Gbit",
};

/** Bytes. */
export const SIZE: Quantity = {
  what: "a size",
  units: { B: 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n },
  meant: {
    ...{ K: "KiB", M: "MiB", G: "GiB", T: "TiB", k: "KiB", m: "MiB", g: "GiB", t: "TiB" },
    ...{ kB: "KiB", KB: "KiB", MB: "MiB", GB: "GiB", TB: "TiB" },
  },
  example: "512MiB",
};

/** Of messages, in millionths. */
export const SHARE: Quantity = {
  what: "a share",
  units: { ppm: 1n, "%": 10_000n },
  meant: { percent: "%" },
  example: "0.1%",
};

export interface Limits {
  readonly min: bigint;
  readonly max: bigint;
  /** it is a whole number of these */
  readonly step?: bigint;
}

// No number of any quantity has more digits; the rest of the text is bounded by the file.
const WRITTEN = /^([+-]?)(\d{1,25})(?:\.(\d{1,25}))? ?(\p{L}*|%)$/u;

/** For the JSON schema: what a text has to look like, as far as a pattern can tell. */
export function quantityPattern({ units }: Quantity): string {
  return `^[0-9]+(\\.[0-9]+)? ?(${Object.keys(units).join("|")})$`;
}

/**
 * @returns how many of the base unit, exactly
 * @throws LivestackError BAD_UNIT, INEXACT, OUT_OF_RANGE, or BAD_VALUE when it is no quantity at all
 */
export function parseQuantity(text: string, quantity: Quantity, limits: Limits): bigint {
  const { what, example } = quantity;
  const [, sign, whole = "", fraction = "", unit = ""] = WRITTEN.exec(text) ?? [];
  if (whole === "")
    throw new LivestackError("BAD_VALUE", `${JSON.stringify(text)} is not ${what}`, {
      hint: `write a number and its unit, as in ${example}`,
    });
  if (sign === "-") throw outOfRange(text, quantity, limits);
  const count = inBaseUnits(text, whole, fraction, factorOf(text, unit, quantity), quantity);
  if (count < limits.min || count > limits.max) throw outOfRange(text, quantity, limits);
  if (count % (limits.step ?? 1n) !== 0n) throw offStep(text, count, quantity, limits);
  return count;
}

function factorOf(text: string, unit: string, { what, units, meant, example }: Quantity): bigint {
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor !== undefined) return factor;
  const known = `units of ${what.replace(/^an? /, "")} are ${Object.keys(units).join(", ")}`;
  if (unit === "")
    throw new LivestackError("BAD_UNIT", `${text} has no unit`, {
      hint: `${known}, as in ${example}`,
    });
  const near = Object.hasOwn(meant, unit) ? `for ${unit} write ${meant[unit]}; ` : "";
  throw new LivestackError("BAD_UNIT", `${unit} in ${text} is no unit of ${what}`, {
    hint: `${near}${known}`,
  });
}

function inBaseUnits(
  text: string,
  whole: string,
  fraction: string,
  factor: bigint,
  { units }: Quantity,
): bigint {
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * factor;
  if (scaled % scale === 0n) return scaled / scale;
  const [base = ""] = Object.keys(units);
  throw new LivestackError("INEXACT", `${text} is not a whole number of ${base}`, {
    hint: `nothing is rounded: write it as ${scaled / scale}${base} or ${scaled / scale + 1n}${base}`,
  });
}

function outOfRange(text: string, quantity: Quantity, { min, max }: Limits): LivestackError {
  const [least, most] = [quantityText(min, quantity), quantityText(max, quantity)];
  return new LivestackError("OUT_OF_RANGE", `${text} is out of range`, {
    hint: `write ${quantity.what} from ${least} to ${most}`,
  });
}

function offStep(text: string, count: bigint, quantity: Quantity, limits: Limits): LivestackError {
  const { step = 1n } = limits;
  const up = quantityText((count / step + 1n) * step, quantity);
  return new LivestackError(
    "OUT_OF_RANGE",
    `${text} is not a multiple of ${quantityText(step, quantity)}`,
    { hint: `take ${up}` },
  );
}

/** Exact, in the largest unit that it is a whole number of; parseQuantity reads it again. */
export function quantityText(count: bigint, { units }: Quantity): string {
  const [base = ["", 1n] as const, ...larger] = Object.entries(units);
  const [unit, factor] =
    larger.findLast(([, each]) => count >= each && count % each === 0n) ?? base;
  return `${count / factor}${unit}`;
}
