// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { parseYaml } from "./parse-yaml.js";
import { keyPlaceOf, type Path, placeOf } from "./problem.js";

function parse(text: string) {
  const { root, problems, lineOf } = parseYaml(text);
  const where = (at: number) => `${lineOf(at).line}:${lineOf(at).col}`;
  return {
    value: JSON.parse(JSON.stringify(root?.value ?? null)),
    problems: problems.map(({ code, at }) => `${where(at)} ${code}`),
    valuePlace: (path: Path) => root && where(placeOf(root, path)),
    keyPlace: (path: Path) => root && where(keyPlaceOf(root, path)),
  };
}

test("values know where they were written", async (t) => {
  const file = parse("a: 1\nb:\n  c: [x, {d: y}]\n");
  t.same(file.value, { a: 1, b: { c: ["x", { d: "y" }] } });
  t.equal(file.valuePlace(["a"]), "1:4");
  t.equal(file.valuePlace(["b"]), "2:1", "a map is where its key is");
  t.equal(file.valuePlace(["b", "c", 0]), "3:7");
  t.equal(file.valuePlace(["b", "c", 1, "d"]), "3:14");
  t.equal(file.keyPlace(["b", "c", 1, "d"]), "3:11");
  t.equal(file.valuePlace(["b", "nosuch"]), "2:1", "what is missing is where it is missed");
  t.equal(file.valuePlace([]), "1:1");
});

test("aliases and merged keys have the value and the place of their anchor", async (t) => {
  const file = parse("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x\nw:\n  <<: [{b: 4}, *x]\n");
  t.same(file.value, {
    x: { a: 1, b: 2 },
    y: { b: 3, a: 1 },
    z: { a: 1, b: 2 },
    w: { b: 4, a: 1 },
  });
  t.equal(file.valuePlace(["y", "a"]), "1:11");
  t.equal(file.valuePlace(["y", "b"]), "2:16");
  t.equal(file.keyPlace(["z", "b"]), "1:14");
  const moved = parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n");
  t.same(moved.value, { a: 1, b: 1, c: 2, d: 2 }, "the anchor nearest above counts");
});

test("keys are text, whatever they look like", async (t) => {
  const { value } = parse("1: a\n0x10: b\non: c\ntrue: d\n__proto__: e\nconstructor: f\n'<<': g\n");
  const keys = ["1", "0x10", "on", "true", "__proto__", "constructor", "<<"];
  t.same(Object.keys(value).sort(), keys.sort());
});

test("what is no YAML is an error at its place", async (t) => {
  const cases: [string, ...string[]][] = [
    ["a: b: c\n", "1:4 YAML_SYNTAX"],
    ["a:\n\t- b\n", "2:1 YAML_SYNTAX"],
    ['a: "x\n', "2:1 YAML_SYNTAX"],
    ["a: [1\nb: 2\n", "2:1 YAML_SYNTAX"],
    ["a: 1\n---\nb: 2\n", "2:1 YAML_SYNTAX"],
    ["a: !thing b\n", "1:4 YAML_SYNTAX"],
    ["%YAML 1.1\n---\na: yes\n", "1:1 YAML_SYNTAX"],
    ["a: *nosuch\n", "1:4 YAML_SYNTAX"],
    ["a: *later\nb: &later 1\n", "1:4 YAML_SYNTAX"],
    ["a: 1\nb: 2\na: 3\n", "3:1 DUPLICATE_KEY"],
    ["? [a]\n: b\n", "1:3 WRONG_TYPE"],
    ["? \n: b\n", "1:3 WRONG_TYPE"],
    ["a: {<<: 1}\n", "1:9 WRONG_TYPE"],
    ["a: {<<: [{b: 1}, 2]}\n", "1:9 WRONG_TYPE"],
  ];
  for (const [text, ...places] of cases) t.same(parse(text).problems, places, text);
});

test("a small file cannot become a large scenario", async (t) => {
  const tenfold = (n: number) =>
    `x${n}: &x${n} [${Array(10)
      .fill(`*x${n - 1}`)
      .join(", ")}]\n`;
  const bomb = `x0: &x0 lol\n${[1, 2, 3, 4, 5, 6, 7, 8].map(tenfold).join("")}`;
  const cases: [string, string][] = [
    ["aliases of aliases", bomb],
    ["an alias inside of its anchor", "a: &a [*a]\n"],
    ["a map merged into itself", "a: &a {<<: *a}\n"],
    ["deep nesting", `${"[".repeat(100)}${"]".repeat(100)}`],
    ["a long file", `# ${"x".repeat(1 << 20)}\n`],
  ];
  for (const [what, text] of cases) t.match(parse(text).problems, [/^\d+:\d+ TOO_LARGE$/], what);
  t.match(
    parse("[".repeat(100_000)).problems[0],
    /^1:\d+ YAML_SYNTAX$/,
    "beyond the parser's stack",
  );
});
