// SPDX-License-Identifier: Apache-2.0
// docs/result.schema.json and docs/result.md say what result.json holds.
import { readFileSync } from "node:fs";
import { test } from "tap";
import * as z from "zod";
import { resultSchema } from "./result-schema.js";

const doc = (name: string) =>
  readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), "utf8");
const current = () => ({ title: "LiveStack result", ...z.toJSONSchema(resultSchema) });

test("docs/result.schema.json is current", async (t) => {
  const hint = "run `npm run -w @livestack/controller schema` and commit what it writes";
  t.same(JSON.parse(doc("result.schema.json")), JSON.parse(JSON.stringify(current())), hint);
});

/** "components[].vcpus[].overshoot_ns.p50", for each key there is. */
function keysOf(schema: z.core.JSONSchema.BaseSchema, prefix = ""): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, member]) =>
    typeof member === "boolean" ? [] : [`${prefix}${key}`, ...below(member, `${prefix}${key}`)],
  );
  return own;
}

function below(member: z.core.JSONSchema.BaseSchema, path: string): string[] {
  const { items } = member;
  const inItems =
    typeof items === "object" && !Array.isArray(items) ? keysOf(items, `${path}[].`) : [];
  const forms = (member.anyOf ?? []).flatMap((form) => keysOf(form, `${path}.`));
  return [...keysOf(member, `${path}.`), ...inItems, ...forms];
}

test("docs/result.md has each key and no other", async (t) => {
  const rows = [...doc("result.md").matchAll(/^\| `([^`]+)` +\|/gm)].map(([, key]) => key);
  t.same(rows, keysOf(current()));
});
