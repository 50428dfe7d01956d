// SPDX-License-Identifier: Apache-2.0
// What Prometheus reads of a controller, in its text format.
import { createServer, type Server } from "node:http";
import { programVersion } from "../program-version.js";
import type { Hosts } from "./hosts.js";
import type { Refusals } from "./secure-listener.js";
import type { Sessions } from "./sessions.js";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

export class RefusalCounts implements Refusals {
  readonly #counts = new Map<string, number>();

  count(kind: string): void {
    this.#counts.set(kind, this.of(kind) + 1);
  }

  of(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  samples(): Sample[] {
    return [...this.#counts].map(([kind, count]) => [{ kind }, count]);
  }
}

export interface MetricsParts {
  hosts: Hosts;
  sessions: Sessions;
  refusals: RefusalCounts;
  connections: () => number;
}

export function metricsText({ hosts, sessions, refusals, connections }: MetricsParts): string {
  const all = hosts.all();
  const states = ["unseen", "up", "lost", "refused"] as const;
  const perHost = (measure: (host: (typeof all)[number]) => number | undefined): Sample[] =>
    all.flatMap((host) => {
      const value = measure(host);
      return value === undefined ? [] : [[{ host: host.name }, value] as const];
    });
  return [
    gauge("livestack_build_info", "the program, by its version", [
      [{ version: programVersion() }, 1],
    ]),
    gauge(
      "livestack_hosts",
      "hosts of the inventory, by condition",
      states.map((state) => [{ state }, all.filter((host) => host.condition === state).length]),
    ),
    gauge(
      "livestack_host_up",
      "whether the host's agent is connected",
      perHost(({ condition }) => (condition === "up" ? 1 : 0)),
    ),
    gauge(
      "livestack_host_heard_timestamp_seconds",
      "when the host was last heard of",
      perHost(({ heardMs }) => (heardMs === undefined ? undefined : heardMs / 1000)),
    ),
    gauge(
      "livestack_host_placed_vcpus",
      "vCPUs of components that have their place on the host",
      perHost((host) => sessions.roomOf(host).placedVcpus),
    ),
    gauge(
      "livestack_host_placed_memory_bytes",
      "memory of components that have their place on the host",
      perHost((host) => Number(sessions.roomOf(host).placedMemoryBytes)),
    ),
    gauge("livestack_sessions", "sessions of this controller", [[{}, sessions.kept.length]]),
    gauge("livestack_connections", "TLS connections", [[{}, connections()]]),
    metric("counter", "livestack_refused_total", "connections refused", refusals.samples()),
  ].join("");
}

/** @param host loopback unless the operator says otherwise: there is no authentication */
export async function serveMetrics(
  { host, port }: { host: string; port: number },
  text: () => string,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== "/metrics" || request.method !== "GET") response.writeHead(404).end();
    else
      response
        .writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
        .end(text());
  });
  server.maxConnections = 16;
  server.requestTimeout = 5_000;
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(port, host, done);
  });
  return server;
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return metric("gauge", name, help, samples);
}

function metric(type: string, name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replace(/[\\"\n]/g, (each) => (each === "\n" ? "\\n" : `\\${each}`))}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
