// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "@livestack/lab";
import t from "tap";
import { judgeMutant, type Mutant, mutate, whyNotGreen } from "./mutants-judge.js";
import { mutants } from "./mutants-list.js";

function mutant(find: string, replace: string): Mutant {
  const command = { argv: ["false"], limitSeconds: 1 };
  return { name: "made-up", promise: "p", file: "f", find, replace, command };
}

t.test("every mutant still fits the code and has a test to kill it", async (t) => {
  for (const each of mutants) {
    const path = join(repoRoot, each.file);
    t.ok(existsSync(path), `${each.name}: ${each.file} is there`);
    if (existsSync(path))
      t.match(mutate(readFileSync(path, "utf8"), each), { text: String }, each.name);
    const [program, file = ""] = each.command.argv;
    t.equal(program, "node");
    t.ok(existsSync(join(repoRoot, file)), `${each.name}: ${file} is there`);
  }
});

t.test("mutants have names of their own", async (t) => {
  const names = mutants.map(({ name }) => name);
  t.same(names, [...new Set(names)]);
});

t.test("a mutation is taken only where its text stands exactly once", async (t) => {
  t.same(mutate("a b c", mutant("b", "x")), { text: "a x c" });
  t.same(mutate("a $b c", mutant("$b", "$&$1")), { text: "a $&$1 c" }, "as text, not as a pattern");
  t.match(mutate("a b c", mutant("d", "x")), { why: /stands 0 times/ });
  t.match(mutate("b b", mutant("b", "x")), { why: /stands 2 times/ });
  t.match(mutate("a b", mutant("", "x")), { why: String });
  t.match(mutate("a b", mutant("b", "b")), { why: /the same/ });
});

t.test("only a failing test point kills", async (t) => {
  const failed = "TAP version 14\n    not ok 1 - inner\nnot ok 1 - outer\n1..1\n";
  t.match(judgeMutant({ status: 1, output: failed }), { kind: "killed", by: "not ok 1 - outer" });
  t.match(judgeMutant({ status: undefined, output: failed }), { kind: "killed" });
  t.same(judgeMutant({ status: 0, output: "ok 1 - a\n1..1\n" }), { kind: "survived" });
  t.match(judgeMutant({ status: 1, output: "SyntaxError: no\n" }), { kind: "broken" });
  t.match(judgeMutant({ status: "SIGSEGV", output: "ok 1 - a\n" }), { kind: "broken" });
  t.match(judgeMutant({ status: undefined, output: "ok 1 - a\n" }), {
    kind: "broken",
    why: /in time/,
  });
  const expected = "not ok 1 - a # TODO later\nnot ok 2 - b # SKIP never\nTypeError\n";
  t.match(judgeMutant({ status: 1, output: expected }), { kind: "broken" });
});

t.test("a command must be green first, with a point that was not filtered away", async (t) => {
  t.equal(whyNotGreen({ status: 0, output: "ok 1 - a # time=1ms\n1..1\n" }), undefined);
  t.match(whyNotGreen({ status: 1, output: "not ok 1 - a\n" }), /ends with 1/);
  t.match(whyNotGreen({ status: undefined, output: "ok 1 - a\n" }), /in time/);
  t.match(whyNotGreen({ status: 0, output: "ok 1 - a # SKIP filter: /x/\n1..1\n" }), /filter/);
  t.match(whyNotGreen({ status: 0, output: "" }), /no test point/);
});
