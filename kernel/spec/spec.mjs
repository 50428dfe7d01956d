// SPDX-License-Identifier: GPL-2.0-only
//
// Reads a family's YAML and answers with a model in which every name is resolved and every number is
// set. What this generator has no code for is refused here, so that no emitter meets it.
import { parse } from "yaml";

export const INTEGER_BITS = { u8: 8, u16: 16, u32: 32, u64: 64 };

const CHECKS = {
  u8: ["min", "max"],
  u16: ["min", "max"],
  u32: ["min", "max"],
  u64: ["min", "max"],
  string: ["max-len"],
  binary: ["exact-len", "min-len", "max-len"],
  nest: [],
  flag: [],
};
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export class SpecError extends Error {
  constructor(where, what) {
    super(`${where}: ${what}`);
    this.name = "SpecError";
  }
}

export const largest = (type) => (1n << BigInt(INTEGER_BITS[type])) - 1n;

/** Parses `text`; `file` only names it in errors. Throws SpecError. */
export function readSpec(text, file) {
  let doc;
  try {
    doc = parse(text, { intAsBigInt: true });
  } catch (cause) {
    throw new SpecError(file, `is no valid YAML: ${cause.message}`);
  }
  keys(doc, file, {
    required: [
      "name",
      "protocol",
      "kernel-policy",
      "version",
      "doc",
      "attribute-sets",
      "operations",
    ],
    optional: ["uapi-header", "definitions", "mcast-groups"],
  });
  if (doc.protocol !== "genetlink-legacy" || doc["kernel-policy"] !== "per-op") {
    throw new SpecError(
      file,
      "only protocol genetlink-legacy with kernel-policy per-op is emitted",
    );
  }
  const definitions = readDefinitions(doc.definitions ?? [], `${file}: definitions`);
  const sets = readSets(doc["attribute-sets"], `${file}: attribute-sets`, definitions);
  const groups = readGroups(doc["mcast-groups"], `${file}: mcast-groups`);
  return {
    file,
    name: named(doc.name, file),
    version: number(doc.version, `${file}: version`),
    doc: prose(doc.doc),
    header: doc["uapi-header"] ?? `linux/${doc.name}.h`,
    consts: definitions.filter((entry) => entry.type === "const"),
    enums: definitions.filter((entry) => entry.type !== "const"),
    sets,
    groups,
    ops: readOperations(doc.operations, `${file}: operations`, sets, groups),
  };
}

function readDefinitions(list, where) {
  const found = list.map((entry, index) => {
    const here = `${where}[${index}] (${entry.name ?? "no name"})`;
    keys(entry, here, {
      required: ["name", "type"],
      optional: ["doc", "value", "value-start", "entries"],
    });
    const base = { name: named(entry.name, here), type: entry.type, doc: prose(entry.doc) };
    if (entry.type === "const") return { ...base, value: number(entry.value, `${here}: value`) };
    if (entry.type !== "enum" && entry.type !== "flags") {
      throw new SpecError(here, `type ${entry.type} is not emitted (const, enum, flags are)`);
    }
    const entries = numbered(entry.entries, here, number(entry["value-start"] ?? 0n, here));
    return { ...base, entries };
  });
  unique(found, where);
  return found;
}

function readSets(list, where, definitions) {
  const sets = list.map((set) => {
    const here = `${where}.${set.name ?? "(no name)"}`;
    keys(set, here, { required: ["name", "attributes"], optional: ["doc"] });
    const attributes = numbered(set.attributes, here, 1n).map((attribute) =>
      readAttribute(attribute, `${here}.${attribute.name}`, definitions),
    );
    return { name: named(set.name, here), doc: prose(set.doc), attributes };
  });
  unique(sets, where);
  const done = new Set();
  for (const attribute of sets.flatMap((set) => set.attributes)) {
    if (attribute.nested) attribute.nested = lookUp(sets, attribute.nested, attribute.where);
  }
  for (const set of sets) refuseCycles(set, [], done, where);
  return sets;
}

function readAttribute(raw, where, definitions) {
  keys(raw, where, {
    required: ["name", "type", "value"],
    optional: ["doc", "checks", "enum", "nested-attributes", "multi-attr", "sub-type"],
  });
  const allowed = CHECKS[raw.type];
  if (!allowed) throw new SpecError(where, `type ${raw.type} is not emitted`);
  if ((raw.type === "nest") !== (raw["nested-attributes"] !== undefined)) {
    throw new SpecError(where, "a nest, and nothing else, names its nested-attributes");
  }
  if (raw["sub-type"] !== undefined && (raw.type !== "binary" || raw["sub-type"] !== "u64")) {
    throw new SpecError(where, "sub-type is emitted for a binary that is an array of u64 only");
  }
  const checks = {};
  for (const [check, value] of Object.entries(raw.checks ?? {})) {
    if (!allowed.includes(check)) {
      throw new SpecError(where, `check ${check} is not emitted for type ${raw.type}`);
    }
    checks[check] = limit(value, `${where}: ${check}`, definitions);
  }
  if (checks["exact-len"] && (checks["min-len"] || checks["max-len"])) {
    throw new SpecError(where, "exact-len stands alone, without min-len or max-len");
  }
  if (checks["min-len"] && checks["max-len"]) {
    throw new SpecError(
      where,
      "min-len and max-len together are not emitted: the policy holds one",
    );
  }
  const attribute = {
    name: raw.name,
    type: raw.type,
    value: raw.value,
    doc: raw.doc,
    where,
    checks,
  };
  attribute.multi = raw["multi-attr"] === true;
  attribute.items = raw["sub-type"];
  attribute.nested = raw["nested-attributes"];
  if (raw.enum !== undefined) attribute.enum = enumOf(raw, where, definitions);
  return attribute;
}

function enumOf(raw, where, definitions) {
  const found = lookUp(definitions, raw.enum, where);
  if (found.type === "const" || !(raw.type in INTEGER_BITS) || raw.checks) {
    throw new SpecError(
      where,
      "enum wants an integer type, an enum or flags, and no further checks",
    );
  }
  const values = found.entries.map((entry) => entry.value);
  if (found.type === "enum" && values.some((value, index) => value !== values[0] + BigInt(index))) {
    throw new SpecError(where, `enum ${found.name} has gaps: the policy can only check a range`);
  }
  return found;
}

function readOperations(operations, where, sets, groups) {
  keys(operations, where, { required: ["list"], optional: ["doc"] });
  const list = numbered(operations.list, where, 1n).map((raw) => {
    const here = `${where}.${raw.name}`;
    keys(raw, here, {
      required: ["name", "value", "doc"],
      optional: ["attribute-set", "flags", "do", "dump", "event", "notify", "mcgrp"],
    });
    const flags = raw.flags ?? [];
    const unknown = flags.find((flag) => flag !== "admin-perm");
    if (unknown) throw new SpecError(here, `flag ${unknown} is not emitted (admin-perm is)`);
    const set = raw["attribute-set"] && lookUp(sets, raw["attribute-set"], here);
    if (raw.mcgrp !== undefined) lookUp(groups, raw.mcgrp, here);
    const once = raw.do && exchange(raw.do, `${here}.do`, set);
    return {
      name: raw.name,
      value: raw.value,
      doc: raw.doc,
      set,
      group: raw.mcgrp,
      admin: flags.includes("admin-perm"),
      needs: needsOf(raw.doc, once?.request ?? [], here),
      do: once,
      dump: raw.dump && exchange(raw.dump, `${here}.dump`, set),
      event: raw.event && { reply: pick(raw.event, `${here}.event`, set) },
      notify: raw.notify,
    };
  });
  for (const op of list) resolveNotify(op, list, `${where}.${op.name}`);
  return list;
}

/**
 * What a do is refused without. The kernel's schema has no word for it, so that its doc is where it
 * is said: "Needs a, b and c."
 */
function needsOf(doc, request, where) {
  const said = /\b[Nn]eeds ([^.]+)\./.exec(doc)?.[1];
  if (said === undefined) return [];
  return said.split(/, | and /).map((name) => lookUp(request, name, `${where}: doc: needs`));
}

/** A notification carries what the reply of the operation it names carries. */
function resolveNotify(op, list, where) {
  const kinds = ["do", "dump", "event", "notify"].filter((kind) => op[kind]);
  const alone = kinds.includes("event") || kinds.includes("notify");
  if (kinds.length === 0 || (alone && kinds.length > 1)) {
    throw new SpecError(where, "an operation has do and/or dump, or an event, or a notify");
  }
  if (!op.notify) return;
  const source = lookUp(list, op.notify, where);
  const reply = source.do?.reply ?? source.dump?.reply;
  if (!reply) throw new SpecError(where, `notify names ${op.notify}, which has no reply`);
  op.set = source.set;
  op.event = { reply };
}

function exchange(raw, where, set) {
  keys(raw, where, { required: [], optional: ["request", "reply"] });
  return {
    request: pick(raw.request ?? {}, `${where}.request`, set),
    reply: pick(raw.reply ?? {}, `${where}.reply`, set),
  };
}

function pick(raw, where, set) {
  keys(raw, where, { required: [], optional: ["attributes"] });
  const names = raw.attributes ?? [];
  if (names.length > 0 && !set) throw new SpecError(where, "has attributes but no attribute-set");
  return names.map((name) => lookUp(set.attributes, name, where));
}

function readGroups(raw, where) {
  if (raw === undefined) return [];
  keys(raw, where, { required: ["list"], optional: [] });
  return raw.list.map((group) => {
    keys(group, where, { required: ["name"], optional: ["doc", "flags"] });
    const flags = group.flags ?? [];
    const unknown = flags.find((flag) => flag !== "cap-net-admin");
    if (unknown) throw new SpecError(where, `flag ${unknown} is not emitted (cap-net-admin is)`);
    return {
      name: named(group.name, where),
      doc: prose(group.doc),
      admin: flags.includes("cap-net-admin"),
    };
  });
}

/** Entries in order, each with its number: one more than the last unless it says its own. */
function numbered(list, where, first) {
  let next = first;
  const entries = (list ?? []).map((raw) => {
    const entry = typeof raw === "string" ? { name: raw } : raw;
    const here = `${where}.${entry.name ?? "(no name)"}`;
    const value = number(entry.value ?? next, `${here}: value`);
    if (value < next) throw new SpecError(here, `value ${value} is below the next free ${next}`);
    next = value + 1n;
    return { ...entry, name: named(entry.name, here), doc: prose(entry.doc), value };
  });
  if (entries.length === 0) throw new SpecError(where, "has no entries");
  unique(entries, where);
  return entries;
}

function refuseCycles(set, path, done, where) {
  if (path.includes(set)) {
    throw new SpecError(where, `${set.name} nests itself: a cycle of policies is not emitted`);
  }
  if (done.has(set)) return;
  for (const { nested } of set.attributes) {
    if (nested) refuseCycles(nested, [...path, set], done, where);
  }
  done.add(set);
}

function limit(value, where, definitions) {
  if (typeof value !== "string") return { value: number(value, where) };
  const found = lookUp(definitions, value, where);
  if (found.type !== "const") throw new SpecError(where, `${value} is no const`);
  return { value: found.value, const: found.name };
}

function lookUp(list, name, where) {
  const found = list.find((entry) => entry.name === name);
  if (!found) throw new SpecError(where, `there is no ${name}`);
  return found;
}

function unique(list, where) {
  const names = list.map((entry) => entry.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new SpecError(where, `${twice} is there twice`);
}

function keys(object, where, { required, optional }) {
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    throw new SpecError(where, "is no mapping");
  }
  const missing = required.find((key) => object[key] === undefined);
  if (missing) throw new SpecError(where, `lacks ${missing}`);
  const known = [...required, ...optional];
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown) throw new SpecError(where, `key ${unknown} is not known to this generator`);
}

function number(value, where) {
  if (typeof value !== "bigint" || value < 0n) throw new SpecError(where, "is no natural number");
  return value;
}

function named(name, where) {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new SpecError(where, `${name} is no name of the form lower-case-words`);
  }
  return name;
}

const prose = (text) => (text ?? "").replace(/\s+/g, " ").trim();
