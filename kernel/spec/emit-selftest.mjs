// SPDX-License-Identifier: GPL-2.0-only
//
// A table of all requests for the self-tests, so that a verb that is added is attacked without new
// code. The types of its rows are in kernel/selftests/spec.h.
import { lower, origin, requestOf, requests, text, upper } from "./emit-c.mjs";
import { INTEGER_BITS, largest } from "./spec.mjs";

const S64_MAX = (1n << 63n) - 1n;
const table = (op) => `spec_${lower(op.name)}`;

export function emitSelftest(spec) {
  const ops = requests(spec);
  return text([
    "/* SPDX-License-Identifier: GPL-2.0-only */",
    ...origin(spec),
    "#ifndef _LS_SPEC_GEN_H",
    "#define _LS_SPEC_GEN_H",
    "",
    `#include <${spec.header}>`,
    "",
    '#include "spec.h"',
    ...ops.flatMap((op) => attributes(spec, op)),
    "",
    "static const struct spec_op spec_ops[] = {",
    ...ops.flatMap((op) => operation(spec, op)),
    "};",
    "",
    "#endif /* _LS_SPEC_GEN_H */",
  ]);
}

function attributes(spec, op) {
  const rows = requestOf(op);
  if (rows.length === 0) return [];
  return [
    "",
    `static const struct spec_attribute ${table(op)}[] = {`,
    ...rows.flatMap((attribute) => {
      const { type, min, max } = limits(attribute);
      const flags = [
        ...(op.do?.request.includes(attribute) ? ["SPEC_DO"] : []),
        ...(op.dump?.request.includes(attribute) ? ["SPEC_DUMP"] : []),
        ...(op.needs.includes(attribute) ? ["SPEC_NEEDED"] : []),
      ];
      return [
        `\t{ "${attribute.name}", ${upper(spec.name, "a", op.set.name, attribute.name)},`,
        `\t  SPEC_${upper(type)}, ${flags.join(" | ")}, ${number(min)}, ${number(max)} },`,
      ];
    }),
    "};",
  ];
}

/** Of an integer its values, of text and bytes how many; of flags, max is the bits there are. */
function limits({ type, checks, enum: definition }) {
  const values = definition?.entries.map((entry) => entry.value);
  if (definition?.type === "flags") {
    return { type: "mask", min: 0n, max: values.reduce((sum, bit) => sum | (1n << bit), 0n) };
  }
  if (definition) return { type, min: values[0], max: values.at(-1) };
  if (type in INTEGER_BITS) {
    return { type, min: checks.min?.value ?? 0n, max: checks.max?.value ?? largest(type) };
  }
  const shortest = checks["exact-len"] ?? checks["min-len"];
  const longest = checks["exact-len"] ?? checks["max-len"];
  return { type, min: shortest?.value ?? 0n, max: longest?.value ?? 0n };
}

const number = (value) => (value > S64_MAX ? `${value}ULL` : `${value}`);

function operation(spec, op) {
  const flags = [
    ...(op.do ? ["SPEC_DO"] : []),
    ...(op.dump ? ["SPEC_DUMP"] : []),
    ...(op.admin ? ["SPEC_ADMIN"] : []),
  ];
  const rows = requestOf(op);
  const [list, count] = rows.length > 0 ? [table(op), rows.length] : ["NULL", 0];
  const most = op.set ? upper(spec.name, "a", op.set.name, "max") : "0";
  return [
    `\t{ "${op.name}", ${upper(spec.name, "cmd", op.name)}, ${flags.join(" | ")},`,
    `\t  ${most}, ${count}, ${list} },`,
  ];
}
