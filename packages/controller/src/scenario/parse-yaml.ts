// SPDX-License-Identifier: Apache-2.0
// YAML to values that know where they were written. Own walk of the parsed nodes rather than their
// toJS(): that forgets places, and merges and aliases may multiply a small file beyond all bounds.
import {
  type Alias,
  type Document,
  isAlias,
  isScalar,
  isSeq,
  isMap as isYamlMap,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { type Entry, type Located, type Problem, quoted } from "./problem.js";
import { isMap } from "./values.js";

/** A megabyte holds the largest session there can be several times over. */
const LENGTH_MAX = 1 << 20;
/** Values after aliases are expanded. */
const VALUES_MAX = 200_000;
const DEPTH_MAX = 32;

export interface Parsed {
  /** absent when the text is no YAML */
  readonly root?: Located;
  readonly problems: readonly Problem[];
  /** @param at an offset of a problem */
  readonly lineOf: (at: number) => { line: number; col: number };
}

export function parseYaml(text: string): Parsed {
  const lines = new LineCounter();
  const lineOf = (at: number) => {
    const { line, col } = lines.linePos(at);
    return { line: Math.max(line, 1), col: Math.max(col, 1) };
  };
  if (text.length > LENGTH_MAX) return { problems: [tooLong(text)], lineOf };
  // Duplicate keys are looked for here, where the first one's place is known too.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false } as const;
  const document = parseDocument(text, options);
  const syntax = syntaxProblems(document);
  if (syntax.length > 0) return { problems: syntax, lineOf };
  const walk = new Walk();
  try {
    const root = walk.read(document.contents, 0, 0);
    return { root, problems: walk.problems, lineOf };
  } catch (thrown) {
    if (!(thrown instanceof TooLarge)) throw thrown;
    return { problems: [...walk.problems, thrown.problem], lineOf };
  }
}

function syntaxProblems(document: Document.Parsed): Problem[] {
  const { errors, warnings, directives } = document;
  const problems = [...errors, ...warnings].map(
    ({ message, pos: [at] }): Problem => ({
      code: "YAML_SYNTAX",
      message: message.split("\n", 1)[0] ?? "",
      hint: "look here and in the line above at indentation, colons, quotes and brackets",
      at,
    }),
  );
  if (directives.yaml.version === "1.2") return problems;
  const message = `this is YAML ${directives.yaml.version}, which reads some values otherwise`;
  const hint = "remove the line %YAML; scenarios are YAML 1.2";
  return [...problems, { code: "YAML_SYNTAX", message, hint, at: 0 }];
}

function tooLong(text: string): Problem {
  const message = `the file has ${text.length} characters, a scenario has at most ${LENGTH_MAX}`;
  return { code: "TOO_LARGE", message, hint: "share what repeats by anchors and <<", at: 0 };
}

class TooLarge extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

class Walk {
  readonly problems: Problem[] = [];
  readonly #anchors = new Map<string, Node>();
  #values = 0;
  /** while an alias is expanded, its anchors are met a second time */
  #expanding = 0;

  /** @param fallback where to look when there is nothing to point at: `key:` and no value */
  read(node: Node | null, depth: number, fallback: number): Located {
    const at = node?.range?.[0] ?? fallback;
    this.#count(at, depth);
    if (node === null) return { value: null, at, entries: new Map() };
    if (isAlias(node)) return this.#readAlias(node, depth, at);
    if (node.anchor !== undefined && this.#expanding === 0) this.#anchors.set(node.anchor, node);
    if (isYamlMap(node)) return this.#readMap(node as YAMLMap<Node, Node | null>, depth, at);
    if (isSeq(node)) return this.#readSeq(node as YAMLSeq<Node>, depth, at);
    return { value: (node as Scalar).value, at, entries: new Map() };
  }

  #count(at: number, depth: number): void {
    this.#values++;
    if (this.#values <= VALUES_MAX && depth <= DEPTH_MAX) return;
    const message =
      depth > DEPTH_MAX
        ? `this is nested more than ${DEPTH_MAX} levels deep`
        : `there are more than ${VALUES_MAX} values once aliases are expanded`;
    const hint = "no scenario is so large: look for an alias inside of its own anchor";
    throw new TooLarge({ code: "TOO_LARGE", message, hint, at });
  }

  #readAlias(alias: Alias, depth: number, at: number): Located {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      const message = `the anchor of *${alias.source} is not above it`;
      const hint = `write &${alias.source} at the first of the values that are to be the same`;
      this.problems.push({ code: "YAML_SYNTAX", message, hint, at });
      return { value: null, at, entries: new Map() };
    }
    this.#expanding++;
    const located = this.read(target, depth + 1, at);
    this.#expanding--;
    return located;
  }

  #readSeq(seq: YAMLSeq<Node>, depth: number, at: number): Located {
    const entries = new Map<number, Entry>();
    for (const [index, item] of seq.items.entries()) {
      const node = this.read(item, depth + 1, at);
      entries.set(index, { at: node.at, node });
    }
    return { value: [...entries.values()].map(({ node }) => node.value), at, entries };
  }

  #readMap(map: YAMLMap<Node, Node | null>, depth: number, at: number): Located {
    const entries = new Map<string, Entry>();
    const merged: Located[] = [];
    for (const { key, value } of map.items) {
      const keyAt = key.range?.[0] ?? at;
      const node = this.read(value, depth + 1, keyAt);
      if (isMergeKey(key)) merged.push(...this.#mapsToMerge(node));
      else this.#addEntry(entries, key, { at: keyAt, node });
    }
    for (const { entries: more } of merged)
      for (const [key, entry] of more)
        if (!entries.has(String(key))) entries.set(String(key), entry);
    return { value: objectOf(entries), at, entries };
  }

  #addEntry(entries: Map<string, Entry>, key: Node, entry: Entry): void {
    const text = keyText(key);
    const { at } = entry;
    if (text === undefined) {
      const hint = "write a word, a colon and a space, and then the value";
      this.problems.push({ code: "WRONG_TYPE", message: "this key is no text", hint, at });
      return;
    }
    if (!entries.has(text)) entries.set(text, entry);
    else
      this.problems.push({
        code: "DUPLICATE_KEY",
        message: `the key ${quoted(text)} is there a second time`,
        hint: "keep one of the two",
        at,
      });
  }

  /** What `<<` leads to: a map, or a list of maps of which the first ones win. */
  #mapsToMerge(node: Located): Located[] {
    const sources = Array.isArray(node.value) ? [...node.entries.values()] : [{ node }];
    const maps = sources.map(({ node }) => node).filter(({ value }) => isMap(value));
    if (maps.length < sources.length || sources.length === 0) {
      const hint = "write <<: *NAME, with a map that has the anchor &NAME";
      const message = "<< takes a map or a list of maps";
      this.problems.push({ code: "WRONG_TYPE", message, hint, at: node.at });
    }
    return maps;
  }
}

function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.value === "<<";
}

/** As written where it is no text: a component may well be called 1 or on. */
function keyText(key: Node): string | undefined {
  if (!isScalar(key) || key.value === null) return undefined;
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
}

/** Without a prototype, so that a key __proto__ is a key like any other. */
function objectOf(entries: ReadonlyMap<string, Entry>): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, { node }] of entries) object[key] = node.value;
  return object;
}
