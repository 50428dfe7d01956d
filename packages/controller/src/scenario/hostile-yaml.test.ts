// SPDX-License-Identifier: Apache-2.0
// No text, however strange, does anything but give a scenario or its errors. A seed repeats a failure.
import { readFileSync } from "node:fs";
import { test } from "tap";
import { stringify } from "yaml";
import { LivestackError } from "../livestack-error.js";
import { ScenarioError } from "./read-scenario.js";
import { scenarioOf } from "./scenario-for-test.js";

const EXAMPLE = readFileSync(new URL("../../examples/scenario.yaml", import.meta.url), "utf8");
const TIMES = 300;

type Random = (below: number) => number;

/** Numbers that follow from a seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function one<T>(random: Random, list: readonly T[]): T {
  const item = list[random(list.length)];
  if (item === undefined) throw new Error("the list is empty");
  return item;
}

/** @returns what is wrong with how the text was answered; "" if nothing, and whether it was taken */
function wrongAnswer(text: string | Uint8Array): { wrong: string; taken: boolean } {
  try {
    scenarioOf(text);
    return { wrong: "", taken: true };
  } catch (thrown) {
    const { code, message, parts } = LivestackError.from(thrown);
    if (code !== "INVALID_SCENARIO") return { wrong: message, taken: false };
    if (parts.length === 0) return { wrong: "no errors", taken: false };
    const odd = parts.find((part) => !isWhole(part));
    return {
      wrong: odd === undefined ? "" : `${odd.place} ${odd.message} ${odd.hint}`,
      taken: false,
    };
  }
}

function isWhole(error: LivestackError): boolean {
  if (!(error instanceof ScenarioError) || error.line < 1 || error.column < 1) return false;
  const { message, hint = "", code } = error;
  return (
    code !== "INTERNAL" &&
    message !== "" &&
    hint !== "" &&
    !/undefined|\[object/.test(message + hint)
  );
}

const PIECES = [
  ...["{", "}", "[", "]", ":", ": ", "- ", "\n", "\n  ", "\t", '"', "'", "#", "|", ">-", "? "],
  ...[
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "!x ",
    "%YAML 1.1\n",
    "---\n",
    "...",
    "~",
    "null",
    "\0",
    "\uFEFF",
  ],
  ...[
    "-1ms",
    "1e9",
    ".inf",
    "0o7",
    "9".repeat(30),
    "__proto__",
    "constructor",
    "toString",
    "\u2028",
  ],
  ...[
    "quantum",
    "kind: model",
    "image",
    "endpoints: [a, a]",
    "links:\n",
    "components:\n",
    "é",
    "\ud800",
  ],
];

/** The example with some stretches cut out, doubled, or replaced. */
function mangled(random: Random): string {
  let text = EXAMPLE;
  for (let times = 1 + random(6); times > 0; times--) {
    const from = random(text.length);
    const to = Math.min(text.length, from + random(30));
    const middle = one(random, ["", text.slice(from, to).repeat(2), ...PIECES, ...PIECES]);
    text = text.slice(0, from) + middle + text.slice(to);
  }
  return text;
}

const KEYS = [
  ...[
    "name",
    "session",
    "components",
    "links",
    "quantum",
    "mode",
    "duration",
    "end",
    "kind",
    "image",
  ],
  ...[
    "kernel",
    "disk",
    "disks",
    "size",
    "files",
    "from",
    "to",
    "run",
    "command",
    "endpoints",
    "latency",
  ],
  ...["back", "packages", "web", "x-a", "__proto__", "constructor", "hasOwnProperty", "0", ""],
];
const WORDS = [
  ...[
    "auto",
    "strict",
    "1ms",
    "512MiB",
    "builtin:tiny",
    "web",
    "live",
    "model",
    "",
    "/a",
    "commands",
  ],
  ...[0, -1, 1.5, 1e300, Number.NaN, true, false, null, "0", "-0ns", "1", "\0", "a\nb"],
];

/** Any tree out of the words of scenarios, right ones in wrong places. */
function grown(random: Random, depth: number): unknown {
  const kind = depth > 5 ? 0 : random(4);
  if (kind === 0) return one(random, WORDS);
  const some = <T>(make: () => T) => Array.from({ length: random(4) }, make);
  if (kind === 1) return some(() => grown(random, depth + 1));
  return Object.fromEntries(some(() => [one(random, KEYS), grown(random, depth + 1)]));
}

function scenarioLike(random: Random): unknown {
  const part = () => grown(random, 1);
  return { name: "x", session: part(), components: { web: part(), db: part() }, links: [part()] };
}

for (const [what, make] of [
  ["a mangled example", mangled],
  ["a tree of known words", (random: Random) => stringify(grown(random, 0))],
  ["a scenario with odd parts", (random: Random) => stringify(scenarioLike(random))],
  ["bytes", (random: Random) => Uint8Array.from({ length: random(80) }, () => random(256))],
] as const)
  test(`${what} gives a scenario or its errors`, async (t) => {
    let taken = 0;
    for (let seed = 1; seed <= TIMES; seed++) {
      const answer = wrongAnswer(make(randomFrom(seed)));
      if (answer.wrong !== "") t.fail(`seed ${seed}: ${answer.wrong}`);
      if (answer.taken) taken++;
    }
    t.ok(taken < TIMES, `${TIMES} tried, ${taken} of them were scenarios`);
  });
