// SPDX-License-Identifier: Apache-2.0
import * as z from "zod";
import type { Path } from "./problem.js";
import { scenarioSchema } from "./schema.js";
import { memberOf } from "./values.js";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Top-level keys that begin so are the user's own, for what anchors are put at. */
export const OWN_KEY = /^x-/;

/** What editors know of a scenario file: docs/scenario.schema.json is its text. */
export function scenarioJsonSchema(): JsonSchema {
  made ??= makeSchema();
  return made;
}

let made: JsonSchema | undefined;

function makeSchema(): JsonSchema {
  const schema = z.toJSONSchema(scenarioSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      const { example } = jsonSchema;
      if (example === undefined) return;
      delete jsonSchema.example;
      jsonSchema.examples = [example];
    },
  });
  return { title: "LiveStack scenario", ...schema, patternProperties: { [OWN_KEY.source]: {} } };
}

/**
 * What may be written at `path` of the file whose content is `file`: one schema for each form there
 * is, each with what is said of all of them. A component's other kind is no form of it.
 */
export function formsAt(schema: JsonSchema, file: unknown, path: Path): JsonSchema[] {
  let [forms, value] = [formsOf(schema, file), file];
  for (const step of path) {
    value = memberOf(value, step);
    const inside = value;
    forms = forms.flatMap((form) => {
      const member = memberSchema(form, step);
      return member === undefined ? [] : formsOf(member, inside);
    });
  }
  return forms;
}

function formsOf(schema: JsonSchema, value: unknown): JsonSchema[] {
  const { anyOf, oneOf, ...common } = schema;
  const options = anyOf ?? oneOf;
  if (options === undefined) return [schema];
  const forms = options.map((option) => ({ ...common, ...option }));
  const kinds = forms.filter(({ properties }) => kindOf(properties) !== undefined);
  const kind = memberOf(value, "kind") ?? "live";
  const own = kinds.filter(({ properties }) => kindOf(properties) === kind);
  return own.length > 0 ? own : forms;
}

function kindOf(properties: JsonSchema["properties"]): unknown {
  const kind = properties?.kind;
  return typeof kind === "object" ? kind.const : undefined;
}

function memberSchema(schema: JsonSchema, step: string | number): JsonSchema | undefined {
  const { properties = {}, prefixItems, items, additionalProperties } = schema;
  const found =
    typeof step === "string"
      ? (properties[step] ?? additionalProperties)
      : (prefixItems?.[step] ?? items);
  return typeof found === "object" && !Array.isArray(found) ? found : undefined;
}
