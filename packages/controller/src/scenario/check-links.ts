// SPDX-License-Identifier: Apache-2.0
// Links against components, against each other, and against the session's windows.
import { QUANTUM_MIN_NS } from "@livestack/netlink-client";
import type * as z from "zod";
import { endpointOf, INTERFACES_MAX, interfaceName } from "./endpoint.js";
import { linkName, lookaheadOf } from "./lookahead.js";
import { suggestion } from "./nearest.js";
import { type Path, quoted, type Report } from "./problem.js";
import { quantityText, TIME } from "./quantity.js";
import { linkSchema, type sessionSchema } from "./schema.js";
import { endpoint as endpointSchema } from "./texts.js";
import { goodParts, listOf, memberOf } from "./values.js";

type Components = readonly (readonly [name: string, component: unknown])[];

export function checkLinks(links: readonly unknown[], components: Components, report: Report) {
  for (const [index, link] of links.entries())
    checkEndpoints(link, components, ["links", index], report);
  checkInterfaces(links, components, report);
  checkNames(links, report);
}

function checkEndpoints(link: unknown, components: Components, path: Path, report: Report): void {
  const endpoints = listOf(memberOf(link, "endpoints"));
  for (const [index, endpoint] of endpoints.entries())
    checkEndpoint(endpoint, components, [...path, "endpoints", index], report);
  const [a, b] = endpoints.map((text) =>
    typeof text === "string" ? componentOf(text) : undefined,
  );
  if (endpoints.length === 2 && a !== undefined && a === b)
    report([...path, "endpoints"], {
      code: "BAD_VALUE",
      message: `the link leads from ${quoted(a)} back to itself`,
      hint: "name two different components",
    });
  const [one, other] = listOf(memberOf(link, "addresses"));
  if (typeof one === "string" && one === other)
    report([...path, "addresses"], {
      code: "DUPLICATE_NAME",
      message: `both ends have the address ${quoted(one)}`,
      hint: "write two of one network, as in [10.0.0.1/24, 10.0.0.2/24]",
    });
}

function checkEndpoint(endpoint: unknown, components: Components, path: Path, report: Report) {
  const { success, data } = endpointSchema.safeParse(endpoint);
  if (!success) return;
  const { component, port } = endpointOf(data);
  const found = components.find(([name]) => name === component);
  const names = components.map(([name]) => name);
  if (!found)
    report(path, {
      code: "UNKNOWN_COMPONENT",
      message: `there is no component ${quoted(component)}`,
      hint: names.length > 0 ? suggestion(component, names) : "add it to components",
    });
  else if (port !== undefined && isModel(found[1]))
    report(path, {
      code: "BAD_VALUE",
      message: `${quoted(component)} is a model, which has no network interfaces`,
      hint: `write ${component}: what is sent over the link is its message`,
    });
}

/** Each interface is at the end of one link, and a machine has room for so many. */
function checkInterfaces(links: readonly unknown[], components: Components, report: Report): void {
  const taken = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const [index, link] of links.entries())
    for (const [end, text] of listOf(memberOf(link, "endpoints")).entries()) {
      const { success, data } = endpointSchema.safeParse(text);
      if (!success) continue;
      const path = ["links", index, "endpoints", end];
      const { component, port } = endpointOf(data);
      const before = port === undefined ? undefined : taken.get(data);
      if (before !== undefined)
        report(path, {
          code: "DUPLICATE_NAME",
          message: `links[${before}] ends at ${quoted(data)} already`,
          hint: `take another interface, as in ${component}:${interfaceName((port ?? 0) + 1)}, or leave it out for the next that is free`,
        });
      if (port !== undefined) taken.set(data, index);
      const count = (counts.get(component) ?? 0) + 1;
      counts.set(component, count);
      const found = components.find(([name]) => name === component);
      if (found && !isModel(found[1]) && count === INTERFACES_MAX + 1)
        report(path, {
          code: "OUT_OF_RANGE",
          message: `${quoted(component)} has more links than the ${INTERFACES_MAX} that a virtual machine can have`,
          hint: "join it to a modelled switch, or to another machine that forwards",
        });
    }
}

function componentOf(text: string): string {
  return endpointOf(text).component;
}

function isModel(component: unknown): boolean {
  return memberOf(component, "kind") === "model";
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
