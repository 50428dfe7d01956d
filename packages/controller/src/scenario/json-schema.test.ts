// SPDX-License-Identifier: Apache-2.0
// docs/scenario.schema.json and docs/scenario.md say what the checks do.
import { readFileSync } from "node:fs";
import { test } from "tap";
import { parse } from "yaml";
import * as z from "zod";
import { ERROR_STATUS } from "../exit-status.js";
import { type JsonSchema, scenarioJsonSchema } from "./json-schema.js";
import { placesOf } from "./scenario-for-test.js";

const doc = (name: string) =>
  readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), "utf8");
const example = readFileSync(new URL("../../examples/scenario.yaml", import.meta.url), "utf8");

test("docs/scenario.schema.json is current", async (t) => {
  const written = JSON.parse(doc("scenario.schema.json"));
  const hint = "run `npm run -w @livestack/controller schema` and commit what it writes";
  t.same(written, JSON.parse(JSON.stringify(scenarioJsonSchema())), hint);
});

test("what editors take by the schema is what is taken, but for what no schema can say", async (t) => {
  const editor = z.fromJSONSchema(JSON.parse(doc("scenario.schema.json")));
  const head = "name: x\ncomponents:\n";
  const right = [
    `${head}  a: {image: builtin:tiny, memory: 1.5GiB, run: [b]}\n`,
    `${head}  a: {kind: model, command: [b]}\n  c: {kind: live, image: builtin:debian}\nx-own: 1\n`,
    `${head}  a: {kind: model, command: [b]}\nsession: {quantum: auto, epoch: 2026-01-01T00:00:00Z}\n`,
  ];
  const wrong = [
    `${head}  a: {imag: builtin:tiny, run: [b]}\n`,
    `${head}  a: {image: builtin:tiny, memory: 1.5, run: [b]}\n`,
    `${head}  a: {kind: model, command: []}\n`,
    `${head}  a: {kind: model, command: [b], vcpus: 1}\n`,
    `${head}  a: {kind: model, command: [b]}\nsession: {quantum: 5 parsec}\n`,
    `${head}  a: {kind: model, command: [b]}\nlinks: [{endpoints: [a], latency: 1ms}]\n`,
    `${head}  a: {kind: model, command: [b]}\nsesion: {}\n`,
  ];
  for (const text of right) {
    t.same(placesOf(text), [], text);
    t.same(editor.safeParse(parse(text)).error?.issues, undefined, text);
  }
  for (const text of wrong) {
    t.not(placesOf(text).length, 0, text);
    t.notOk(editor.safeParse(parse(text)).success, text);
  }
  t.ok(editor.safeParse(parse(example, { merge: true })).success, "the example");
});

/** "files[].from" -> how docs/scenario.md shows what it is when left out. */
function defaultsOf(
  { properties = {}, required = [] }: JsonSchema,
  prefix = "",
): [string, string][] {
  return Object.entries(properties).flatMap(([key, member]) => {
    if (typeof member === "boolean") return [];
    const { default: value } = member;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const shown = required.includes(key) ? "required" : value === undefined ? "-" : `\`${text}\``;
    const { items } = member;
    const inner =
      typeof items === "object" && !Array.isArray(items) ? [[items, "[]."] as const] : [];
    const forms = [member, ...(member.anyOf ?? [])].map((form) => [form, "."] as const);
    // The parts of the file that have tables of their own are shown there.
    const below = prefix === "" && ["session", "components", "links"].includes(key);
    const members = below
      ? []
      : [...forms, ...inner].flatMap(([form, dot]) => defaultsOf(form, `${prefix}${key}${dot}`));
    return [[`${prefix}${key}`, shown], ...members];
  });
}

function tableBelow(heading: string): [string, string][] {
  const section = doc("scenario.md")
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  return [...(section ?? "").matchAll(/^\| `([^`]+)` +\|.*\| ([^|]+?) +\|$/gm)].map(
    ([, key = "", shown = ""]): [string, string] => [key, shown === "see below" ? "-" : shown],
  );
}

test("docs/scenario.md has each key with its default and no other", async (t) => {
  const file = scenarioJsonSchema();
  const member = (name: string) => file.properties?.[name] as JsonSchema;
  const [live, model] = (member("components").additionalProperties as JsonSchema).oneOf ?? [];
  const tables: [string, JsonSchema | undefined][] = [
    ["The file", file],
    ["Session", member("session")],
    ["Live components", live],
    ["Model components", model],
    ["Links", member("links").items as JsonSchema],
  ];
  for (const [heading, schema] of tables)
    t.same(tableBelow(heading), schema && defaultsOf(schema), heading);
});

test("the errors that docs/scenario.md shows are those of the file it speaks of", async (t) => {
  const text =
    "name: pair\nsession:\n  quantm: 1ms\ncomponents:\n  a: {kind: model, command: [a]}\n" +
    "  b: {kind: model, command: [b]}\nlinks:\n  - endpoints: [a, b]\n    latency: 10\n";
  t.same(placesOf(text), ["3:3 UNKNOWN_KEY", "9:14 WRONG_TYPE"]);
  const shown = [...doc("scenario.md").matchAll(/pair\.yaml:(\d+:\d+):.*\[(\w+)\]$/gm)];
  t.same(
    shown.map(([, place, code]) => `${place} ${code}`),
    placesOf(text),
  );
  for (const [, , code] of shown) t.ok(code !== undefined && code in ERROR_STATUS);
});
