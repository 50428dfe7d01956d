// SPDX-License-Identifier: Apache-2.0
// zod's issues in the words of a user: with a place, a code, and a hint taken from the schema.
import type * as z from "zod";
import type { ErrorCode } from "../exit-status.js";
import { formsAt, type JsonSchema, scenarioJsonSchema } from "./json-schema.js";
import { nearest, suggestion } from "./nearest.js";
import {
  keyPlaceOf,
  type Located,
  type Path,
  type Problem,
  pathText,
  placeOf,
  quoted,
} from "./problem.js";
import { listOf, valueAt } from "./values.js";

type Issue = z.core.$ZodIssue;

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a whole number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map of keys",
  record: "a map of keys",
  array: "a list",
  tuple: "a list",
};

/** Translates what zod has to say about one file. */
export class Translator {
  readonly #root: Located;

  constructor(root: Located) {
    this.#root = root;
  }

  /** @param base where that which was checked is in the file */
  problemsOf(issue: Issue, base: Path = []): Problem[] {
    const path = [...base, ...(issue.path as (string | number)[])];
    if (path.length > 0 && this.#valueOf(path) === undefined) return [this.#missing(path)];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => this.#unknownKey(path, key));
      case "invalid_type":
        return [this.#wrongType(path, TYPES[issue.expected] ?? issue.expected)];
      case "invalid_value":
        return [this.#noSuchValue(path, issue.values.map(String))];
      case "invalid_union":
        return this.#noForm(path, issue);
      case "too_small":
      case "too_big":
        return [this.#outOfRange(path, issue)];
      default:
        return [this.#refused(path, issue)];
    }
  }

  #valueOf(path: Path): unknown {
    return valueAt(this.#root.value, path);
  }

  #forms(path: Path): JsonSchema[] {
    return formsAt(scenarioJsonSchema(), this.#root.value, path);
  }

  #problem(path: Path, code: ErrorCode, message: string, hint: string): Problem {
    const at = placeOf(this.#root, path);
    return { code, message: `${pathText(path)}: ${message}`, hint, at };
  }

  #unknownKey(path: Path, key: string): Problem {
    const keys = this.#forms(path).flatMap(({ properties = {} }) => Object.keys(properties));
    return {
      code: "UNKNOWN_KEY",
      message: `${pathText(path)}: there is no key ${quoted(key)} here`,
      hint: this.#elsewhere(path, key) ?? suggestion(key, keys),
      at: keyPlaceOf(this.#root, [...path, key]),
    };
  }

  /** Where a key that is not known here does belong: in the session, in the other kind of component. */
  #elsewhere(path: Path, key: string): string | undefined {
    const has = (file: unknown, at: Path) =>
      formsAt(scenarioJsonSchema(), file, at).some(({ properties = {} }) =>
        Object.hasOwn(properties, key),
      );
    if (path.length === 0) return has({}, ["session"]) ? `${key} is a key of session` : undefined;
    if (path.length !== 2 || path[0] !== "components") return undefined;
    const kinds = ["live", "model"].filter((kind) =>
      has({ components: { it: { kind } } }, ["components", "it"]),
    );
    return kinds[0] === undefined ? undefined : `${key} is for components of kind: ${kinds[0]}`;
  }

  #missing(path: Path): Problem {
    const key = String(path.at(-1));
    const around = path.slice(0, -1);
    return {
      code: "MISSING_KEY",
      message: `${pathText(around)}: the key ${key} is missing`,
      hint: `add it${this.#asIn(path, `${key}: `)}`,
      at: placeOf(this.#root, around),
    };
  }

  #wrongType(path: Path, wanted: string): Problem {
    const value = this.#valueOf(path);
    const hint = `write it${this.#asIn(path, "")}`;
    if (path.length === 0 && value === null)
      return this.#problem(path, "WRONG_TYPE", "there is nothing in it", EXAMPLE_HINT);
    if (value === null)
      return this.#problem(path, "WRONG_TYPE", "there is no value", `${hint}, or remove the key`);
    return this.#problem(path, "WRONG_TYPE", `takes ${wanted}, not ${typeText(value)}`, hint);
  }

  #noSuchValue(path: Path, words: readonly string[]): Problem {
    const value = this.#valueOf(path);
    const said = typeof value === "string" ? quoted(value) : typeText(value);
    const hint =
      typeof value === "string" ? suggestion(value, words) : `take one of ${words.join(", ")}`;
    return this.#problem(path, "BAD_VALUE", `${said} is none of ${words.join(", ")}`, hint);
  }

  #noForm(path: Path, issue: z.core.$ZodIssueInvalidUnion): Problem[] {
    const words = this.#forms(path)
      .flatMap((form) => form.enum ?? form.const ?? [])
      .map(String);
    if (issue.errors.length === 0) return [this.#noSuchValue(path, words)];
    const fitting = issue.errors.filter(([first]) => !isWrongAltogether(first));
    const problems = fitting.map((issues) => issues.flatMap((each) => this.problemsOf(each, path)));
    const unknown = problems.map((each) => each.filter(isUnknownKey).length);
    const nearestForms = problems.filter((_, index) => unknown[index] === Math.min(...unknown));
    const [first = []] = nearestForms;
    if (nearestForms.length === 1) return first;
    // Of several forms that fit equally badly only what is wrong with each of them is sure.
    const common = first.filter(isUnknownKey);
    return common.length > 0 ? common : [this.#noneOfForms(path, words)];
  }

  #noneOfForms(path: Path, words: readonly string[]): Problem {
    const forms = this.#forms(path)
      .filter((form) => form.enum === undefined)
      .map(({ required = [] }) => `a map with ${required.join(" and ")}`);
    const value = this.#valueOf(path);
    const meant = typeof value === "string" ? nearest(value, words) : undefined;
    const hint = meant === undefined ? `write it${this.#asIn(path, "")}` : `did you mean ${meant}?`;
    return this.#problem(path, "BAD_VALUE", `takes ${[...words, ...forms].join(", ")}`, hint);
  }

  #outOfRange(
    path: Path,
    { origin, ...issue }: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall,
  ): Problem {
    const [bound, limit] =
      issue.code === "too_small" ? ["at least", issue.minimum] : ["at most", issue.maximum];
    const value = this.#valueOf(path);
    const has = origin === "array" ? `has ${listOf(value).length} in its list` : `is ${value}`;
    const hint = `write ${bound} ${limit}${this.#asIn(path, "")}`;
    return this.#problem(path, "OUT_OF_RANGE", `${has}, takes ${bound} ${limit}`, hint);
  }

  #refused(path: Path, issue: Issue): Problem {
    const { code = "BAD_VALUE", hint = "see docs/scenario.md" } =
      issue.code === "custom" ? (issue.params ?? {}) : {};
    return this.#problem(path, code, issue.message, hint);
  }

  /** ", as in KEY: EXAMPLE", when the schema has an example. */
  #asIn(path: Path, key: string): string {
    const [form] = this.#forms(path);
    const example = form && exampleOf(form);
    if (example === undefined) return "";
    // Text of digits alone would be a number without its quotes.
    const bare = typeof example === "string" && !/^\d+$/.test(example);
    return `, as in ${key}${bare ? example : JSON.stringify(example)}`;
  }
}

function exampleOf(form: JsonSchema): unknown {
  const { examples, items, properties = {}, required = [] } = form;
  if (examples !== undefined) return examples[0];
  if (typeof items === "object" && !Array.isArray(items)) return [exampleOf(items)];
  const members = required.flatMap((key) => {
    const member = properties[key];
    return typeof member === "object" ? [[key, exampleOf(member)]] : [];
  });
  if (members.length > 0) return Object.fromEntries(members);
  return form.enum?.[0] ?? form.const ?? (form.type === "object" ? undefined : form.default);
}

const EXAMPLE_HINT = "`livestack init` writes an example to start from";

function isUnknownKey({ code }: Problem): boolean {
  return code === "UNKNOWN_KEY";
}

/** Not of this form at all: a map where the form is text, or the other way round. */
function isWrongAltogether(issue: Issue | undefined): boolean {
  return issue?.path.length === 0 && /^invalid_(type|value)$/.test(issue.code);
}

function typeText(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map of keys";
  return typeof value === "string" ? `the text ${quoted(value)}` : String(value);
}
