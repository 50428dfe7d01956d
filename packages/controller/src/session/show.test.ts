// SPDX-License-Identifier: Apache-2.0
import { Mode, OnLoss, State } from "@livestack/netlink-client";
import { test } from "tap";
import { textTable } from "../text-table.js";
import { jsonOf, timeText, wordOf } from "./show.js";

test("times are exact, in the unit that suits them", async (t) => {
  const cases: [bigint | undefined, string][] = [
    [undefined, "-"],
    [0n, "0 ns"],
    [999n, "999 ns"],
    [1_000n, "1 us"],
    [1_500_000n, "1.5 ms"],
    [1_000_000_001n, "1.000000001 s"],
    [2n ** 53n - 1n, "9007199.254740991 s"],
  ];
  for (const [ns, text] of cases) t.equal(timeText(ns), text);
});

test("JSON has snake_case names, words for enums and exact integers", async (t) => {
  const json = jsonOf({
    quantumNs: 2n ** 53n - 1n,
    sent: 2n ** 53n,
    state: State.paused,
    mode: Mode.free,
    onLoss: OnLoss.release,
    lateNs: [0n, 3n],
    toB: { queuedBytes: 5n },
    released: true,
  });
  t.same(json, {
    quantum_ns: Number.MAX_SAFE_INTEGER,
    sent: "9007199254740992",
    state: "paused",
    mode: "free",
    on_loss: "release",
    late_ns: { count: 3, p50: 1, p99: 1, max: 1, buckets: [{ to: 1, count: 3 }] },
    to_b: { queued_bytes: 5 },
    released: true,
  });
  t.same(jsonOf({ lateNs: [] }), {
    late_ns: { count: 0, p50: null, p99: null, max: null, buckets: [] },
  });
});

test("a list of no objects stays a list in JSON", async (t) => {
  t.same(jsonOf({ links: [], components: [] }), { links: [], components: [] });
});

test("a number that this program has no word for stands for itself", async (t) => {
  t.equal(wordOf("state", 99), "99");
  t.equal(wordOf("mode", undefined), "-");
});

test("columns are as wide as they must be, numbers to the right", async (t) => {
  t.equal(
    textTable(
      ["ID", "NAME"],
      [
        ["7", "a"],
        ["12", "bcdef"],
      ],
    ),
    "ID  NAME\n 7  a\n12  bcdef\n",
  );
  t.equal(textTable(["ID", "NAME"], []), "ID  NAME\n");
});
