// SPDX-License-Identifier: Apache-2.0
// The example of a switch: its logic by itself, and what it says to bad input. In a session it is tried by
// the self-test ipc_switch.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repoRoot } from "@livestack/lab";
import t from "tap";
import { runInUserSpace } from "./user-space.js";

const example = join(repoRoot, "examples/switch");
const make = spawnSync("make", ["-s", "-C", example, "all", "unit"]);
t.equal(make.status, 0, make.stderr.toString());

/** Runs the program with `env` alone, beside what it takes to run anything. */
function run(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(join(example, "build/livestack-switch"), args, {
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", ...env },
  });
}

t.test("logic", async (t) => runInUserSpace(t, join(example, "build/switch_test")));

t.test("bad arguments get a sentence with the remedy, and status 2", async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /LIVESTACK_SESSION is not set.*say SESSION COMPONENT LINK/s],
    [["--fast", "1", "2", "3", "4"], /--fast: there is no such option.*--help/s],
    [["-xv"], /-x: there is no such option/],
    [["--rate"], /--rate wants a value/],
    [["--rate", "10", "1", "2", "3", "4"], /--rate: "10" has no unit; add one of .*Gbit/],
    [["--rate=1Gbps", "1", "2", "3", "4"], /unknown unit; take one of .*Gbit/],
    [
      ["--buffer", "0B", "1", "2", "3", "4"],
      /--buffer: "0B" is out of range; write a size from 1B/,
    ],
    [["--age", "soon", "1", "2", "3", "4"], /--age: "soon" is not a time; write a number/],
    [["7"], /SESSION 7 is there, COMPONENT and LINKs are missing/],
    [["7", "1"], /too few LINKs: 0.*two at least/s],
    [["7", "1", "3"], /too few LINKs: 1/],
    [["7", "1", "3", "3"], /link 3 is there twice.*a link of its own/s],
    [["0", "1", "3", "4"], /SESSION: "0" is no number from 1/],
    [["7", "1024", "3", "4"], /COMPONENT: "1024" is no number from 0 to 1023.*livestack status/s],
    [["7", "1", "3", "65536"], /LINK: "65536" is no number from 0 to 65535/],
    [["7", "1", ...Array.from({ length: 257 }, (_, i) => `${i}`)], /257 LINKs are too many.*256/],
  ];
  for (const [args, sentence] of cases) {
    const { status, stdout, stderr } = run(args);
    t.equal(status, 2, args.slice(0, 6).join(" "));
    t.match(stderr, sentence);
    t.equal(stdout, "");
  }
});

t.test("so does a bad environment", async (t) => {
  const place = { LIVESTACK_SESSION: "7", LIVESTACK_COMPONENT: "3" };
  const cases: [Record<string, string>, RegExp][] = [
    [{ LIVESTACK_SESSION: "7" }, /LIVESTACK_COMPONENT is not set/],
    [place, /LIVESTACK_LINKS is not set/],
    [{ ...place, LIVESTACK_LINKS: "" }, /LIVESTACK_LINKS, character 1: this is no list/],
    [{ ...place, LIVESTACK_LINKS: '[{"id":1},{"id":x}]' }, /character 17.*livestack run/s],
    [{ ...place, LIVESTACK_LINKS: '[{"id":1}]' }, /too few LINKs: 1/],
    [{ ...place, LIVESTACK_SESSION: "mine", LIVESTACK_LINKS: "[]" }, /LIVESTACK_SESSION: "mine"/],
  ];
  for (const [env, sentence] of cases) {
    const { status, stderr } = run([], env);
    t.equal(status, 2, JSON.stringify(env));
    t.match(stderr, sentence);
  }
});

t.test("help", async (t) => {
  const { status, stdout, stderr } = run(["--help"]);
  t.equal(status, 0);
  t.match(stdout, /usage: livestack-switch.*--rate.*--buffer.*--age.*SIGUSR1/s);
  t.equal(stderr, "");
});
