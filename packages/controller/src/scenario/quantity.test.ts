// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { LivestackError } from "../livestack-error.js";
import {
  parseQuantity,
  type Quantity,
  quantityPattern,
  quantityText,
  RATE,
  SIZE,
  TIME,
} from "./quantity.js";

const ANY = { min: 0n, max: 1n << 62n };

function refusal(text: string, quantity: Quantity, limits = ANY): LivestackError {
  try {
    const count = parseQuantity(text, quantity, limits);
    return new LivestackError("INTERNAL", `${text} was taken for ${count}`);
  } catch (thrown) {
    return LivestackError.from(thrown);
  }
}

test("what is written is read exactly", async (t) => {
  const cases: [Quantity, string, bigint][] = [
    [TIME, "0ns", 0n],
    [TIME, "10us", 10_000n],
    [TIME, "1.5ms", 1_500_000n],
    [TIME, "1.5 ms", 1_500_000n],
    [TIME, "0.000000001s", 1n],
    [TIME, "2.500min", 150_000_000_000n],
    [TIME, "0.1h", 360_000_000_000n],
    [TIME, "9007199.254740991s", 9_007_199_254_740_991n],
    [RATE, "25Gbit", 25_000_000_000n],
    [RATE, "5Mbit", 5_000_000n],
    [RATE, "2.5kbit", 2_500n],
    [SIZE, "512MiB", 536_870_912n],
    [SIZE, "0.5KiB", 512n],
    [SIZE, "3TiB", 3n << 40n],
  ];
  for (const [quantity, text, count] of cases) {
    t.equal(parseQuantity(text, quantity, ANY), count, text);
    t.match(text, new RegExp(quantityPattern(quantity)), `the pattern takes ${text}`);
  }
});

test("what is written is refused with its reason", async (t) => {
  const cases: [string, Quantity, string, RegExp][] = [
    ["", TIME, "BAD_VALUE", /10ms/],
    ["fast", TIME, "BAD_VALUE", /10ms/],
    ["1e3ms", TIME, "BAD_VALUE", /10ms/],
    ["1.ms", TIME, "BAD_VALUE", /10ms/],
    ["1 000ms", TIME, "BAD_VALUE", /10ms/],
    ["1,5ms", TIME, "BAD_VALUE", /10ms/],
    ["0x10ns", TIME, "BAD_VALUE", /10ms/],
    [`1${"0".repeat(30)}ns`, TIME, "BAD_VALUE", /10ms/],
    ["10", TIME, "BAD_UNIT", /ns, us, ms, s, min, h, as in 10ms$/],
    ["5m", TIME, "BAD_UNIT", /^for m write ms, or min; /],
    ["10µs", TIME, "BAD_UNIT", /^for µs write us; /],
    ["1constructor", TIME, "BAD_UNIT", /^units of time are/],
    ["10MS", TIME, "BAD_UNIT", /ms/],
    ["1Gbps", RATE, "BAD_UNIT", /^for Gbps write Gbit; /],
    ["512MB", SIZE, "BAD_UNIT", /^for MB write MiB; /],
    ["512M", SIZE, "BAD_UNIT", /^for M write MiB; /],
    ["0.5ns", TIME, "INEXACT", /write it as 0ns or 1ns$/],
    ["1.0000000001s", TIME, "INEXACT", /1000000000ns or 1000000001ns$/],
    ["0.1KiB", SIZE, "INEXACT", /102B or 103B$/],
    ["-5ms", TIME, "OUT_OF_RANGE", /from 0ns to /],
    ["999999999999h", TIME, "OUT_OF_RANGE", /from 0ns to /],
  ];
  for (const [text, quantity, code, hint] of cases) {
    const error = refusal(text, quantity);
    t.equal(error.code, code, text);
    t.match(error.hint, hint);
    if (text !== "") t.ok(error.message.includes(text.slice(0, 20)), error.message);
  }
});

test("limits are inclusive, and steps are kept", async (t) => {
  const limits = { min: 1_000n, max: 10_000_000_000n };
  t.equal(parseQuantity("1us", TIME, limits), limits.min);
  t.equal(parseQuantity("10s", TIME, limits), limits.max);
  for (const text of ["999ns", "10.000000001s"])
    t.match(refusal(text, TIME, limits), {
      code: "OUT_OF_RANGE",
      hint: "write a time from 1us to 10s",
    });
  const whole = { min: 0n, max: 1n << 40n, step: 1n << 20n };
  t.match(refusal("1.5MiB", SIZE, whole), { code: "OUT_OF_RANGE", hint: "take 2MiB" });
});

test("what is printed can be read again", async (t) => {
  const printed: [bigint, Quantity, string][] = [
    [0n, TIME, "0ns"],
    [1_500_000n, TIME, "1500us"],
    [10_000_000n, TIME, "10ms"],
    [90_000_000_000n, TIME, "90s"],
    [1n << 30n, SIZE, "1GiB"],
    [(1n << 30n) + 1n, SIZE, "1073741825B"],
    [25_000_000_000n, RATE, "25Gbit"],
  ];
  for (const [count, quantity, text] of printed) {
    t.equal(quantityText(count, quantity), text);
    t.equal(parseQuantity(text, quantity, ANY), count);
  }
});
