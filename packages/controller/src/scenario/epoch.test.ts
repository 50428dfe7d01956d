// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { LivestackError } from "../livestack-error.js";
import { EPOCH_PATTERN, parseEpoch } from "./epoch.js";

test("an instant is read to the nanosecond", async (t) => {
  const cases: [string, bigint][] = [
    ["1970-01-01T00:00:00Z", 0n],
    ["2026-01-01T00:00:00Z", 1_767_225_600_000_000_000n],
    ["2026-01-01T00:00:00.000000001Z", 1_767_225_600_000_000_001n],
    ["2026-01-01T01:30:00.5+01:30", 1_767_225_600_500_000_000n],
    ["2025-12-31T19:00:00-05:00", 1_767_225_600_000_000_000n],
    ["2024-02-29T00:00:00Z", 1_709_164_800_000_000_000n],
  ];
  for (const [text, ns] of cases) {
    t.equal(parseEpoch(text), ns, text);
    t.match(text, new RegExp(EPOCH_PATTERN));
  }
});

test("what is no instant, or none a guest's clock can show, is refused", async (t) => {
  const code = (text: string) => {
    try {
      return parseEpoch(text);
    } catch (thrown) {
      return LivestackError.from(thrown).code;
    }
  };
  for (const text of [
    "",
    "now",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00.0000000001Z",
  ])
    t.equal(code(text), "BAD_VALUE", text);
  for (const text of ["1969-12-31T23:59:59Z", "2232-01-01T00:00:00Z", "1970-01-01T00:00:00+01:00"])
    t.equal(code(text), "OUT_OF_RANGE", text);
});
