// SPDX-License-Identifier: Apache-2.0
// Links against components, against each other, and against the session's windows.
import { QUANTUM_MIN_NS } from "@livestack/netlink-client";
import type * as z from "zod";
import { linkName, lookaheadOf } from "./lookahead.js";
import { suggestion } from "./nearest.js";
import { type Path, quoted, type Report } from "./problem.js";
import { quantityText, TIME } from "./quantity.js";
import { linkSchema, type sessionSchema } from "./schema.js";
import { name as nameSchema } from "./texts.js";
import { goodParts, listOf, memberOf } from "./values.js";

export function checkLinks(links: readonly unknown[], names: readonly string[], report: Report) {
  for (const [index, link] of links.entries())
    checkEndpoints(link, names, ["links", index], report);
  checkNames(links, report);
}

function checkEndpoints(link: unknown, names: readonly string[], path: Path, report: Report): void {
  const endpoints = listOf(memberOf(link, "endpoints"));
  for (const [index, endpoint] of endpoints.entries()) {
    const { success, data } = nameSchema.safeParse(endpoint);
    if (!success || names.includes(data)) continue;
    report([...path, "endpoints", index], {
      code: "UNKNOWN_COMPONENT",
      message: `there is no component ${quoted(data)}`,
      hint: names.length > 0 ? suggestion(data, names) : "add it to components",
    });
  }
  const [a, b] = endpoints;
  if (endpoints.length !== 2 || typeof a !== "string" || a !== b) return;
  report([...path, "endpoints"], {
    code: "BAD_VALUE",
    message: `the link leads from ${quoted(a)} back to itself`,
    hint: "name two different components",
  });
}

function checkNames(links: readonly unknown[], report: Report): void {
  const taken = new Set<string>();
  for (const [index, link] of links.entries()) {
    const { name, endpoints } = goodParts(linkSchema, link);
    if (endpoints === undefined) continue;
    const own = linkName(name, endpoints);
    if (taken.has(own))
      report(["links", index, ...(name === undefined ? [] : ["name"])], {
        code: "DUPLICATE_NAME",
        message: `there is a link ${quoted(own)} already`,
        hint: "give one of the two a name of its own, as in name: backup",
      });
    taken.add(own);
  }
}

type Session = Partial<z.output<typeof sessionSchema>>;

/** No message may be late in a strict session, so no window may be longer than the lookahead. */
export function checkQuantum(session: Session, links: readonly unknown[], report: Report): void {
  const { quantum, mode } = session;
  if (quantum === undefined || mode === undefined) return;
  const lookahead = lookaheadOf(
    links.flatMap((link, index) => {
      const { name, endpoints, latency, back } = goodParts(linkSchema, link);
      if (latency === undefined) return [];
      const own = endpoints === undefined ? `links[${index}]` : linkName(name, endpoints);
      return [{ name: own, index, latency, back }];
    }),
  );
  if (lookahead === undefined) return;
  const { ns, link } = lookahead;
  const latency = quantityText(ns, TIME);
  const shortest = `the shortest latency is ${latency}, of link ${link.name}`;
  if (quantum === "auto" && mode !== "free" && ns < QUANTUM_MIN_NS) {
    const least = quantityText(BigInt(QUANTUM_MIN_NS), TIME);
    const otherwise = mode === "strict" ? "mode: relaxed with a quantum" : "a quantum";
    report(["links", link.index, "latency"], {
      code: "OUT_OF_RANGE",
      message: `${shortest}, and no window is shorter than ${least}`,
      hint: `make it at least ${least}, or set ${otherwise} in session`,
    });
  } else if (quantum !== "auto" && mode === "strict" && quantum > ns)
    report(["session", "quantum"], {
      code: "QUANTUM_TOO_LONG",
      message: `windows of ${quantityText(quantum, TIME)} are longer than the lookahead: ${shortest}`,
      hint: `write ${ns < QUANTUM_MIN_NS ? "" : `${latency} or less, or `}auto with longer latencies, or mode: relaxed`,
    });
}
