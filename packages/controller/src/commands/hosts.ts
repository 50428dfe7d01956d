// SPDX-License-Identifier: Apache-2.0
import type { Host, ListHostsResponse } from "@livestack/proto/control";
import type { Command } from "commander";
import type { ControllerConnection } from "../cluster/control-client.js";
import { type ControllerPlace, withController } from "../cluster/controller-place.js";
import type { Context } from "../context.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import { printable } from "../printable.js";
import { textTable } from "../text-table.js";

const HEAD = [
  ...["HOST", "STATE", "CPUS", "PLACED", "MEMORY", "KERNEL", "MODULE", "AGENT", "HEARD"],
  "SESSIONS",
];
const STATES = ["unknown", "unseen", "up", "lost", "refused"];

export function addHosts(program: Command, context: Context): void {
  const hosts = program
    .command("hosts")
    .description("the hosts of a controller: which there are to be, and how they are");
  addList(hosts, context);
  addAdd(hosts, context);
  addRemove(hosts, context);
  addDrain(hosts, context);
}

function addList(hosts: Command, context: Context): void {
  withOutputFormat(withController(hosts.command("ls")))
    .description("each host: connected or not, what it has, what is placed there")
    .action(async ({ output, ...place }: ControllerPlace & { output: OutputFormat }) => {
      const list = await asking(place, context, (controller) => controller.listHosts());
      context.stdout.write(output === "json" ? jsonText(jsonOfList(list)) : textOf(list));
    });
}

function addAdd(hosts: Command, context: Context): void {
  withController(hosts.command("add <name>"))
    .description("lets a host's agent connect: the name is that of its certificate")
    .action(async (name: string, place: ControllerPlace) => {
      await asking(place, context, (controller) => controller.addHost(name));
      context.stdout.write(`added ${name}; its agent is let in from now on\n`);
    });
}

function addRemove(hosts: Command, context: Context): void {
  withController(hosts.command("rm <name>"))
    .description("takes a host out of the inventory, and closes its agent's connection")
    .option("--force", "also while sessions have components there: they lose them", false)
    .action(async (name: string, { force, ...place }: ControllerPlace & { force: boolean }) => {
      await asking(place, context, (controller) => controller.removeHost(name, force));
      context.stdout.write(`removed ${name}\n`);
    });
}

function addDrain(hosts: Command, context: Context): void {
  withController(hosts.command("drain <name>"))
    .description("places nothing new on a host; what is there goes on to its end")
    .option("--undo", "use it again", false)
    .action(async (name: string, { undo, ...place }: ControllerPlace & { undo: boolean }) => {
      const { sessions } = await asking(place, context, (controller) =>
        controller.drainHost(name, undo),
      );
      const left = sessions.map((each) => each.name).join(", ");
      const about = left === "" ? "nothing is left there" : `still there: ${left}`;
      context.stdout.write(undo ? `${name} is used again\n` : `${name} is drained; ${about}\n`);
    });
}

/** gRPC is slow to load, and few commands need it. */
async function asking<Result>(
  place: ControllerPlace,
  context: Context,
  ask: (controller: ControllerConnection) => Promise<Result>,
): Promise<Result> {
  const { ControllerConnection } = await import("../cluster/control-client.js");
  const controller = new ControllerConnection(place, context);
  try {
    return await ask(controller);
  } finally {
    controller.close();
  }
}

function textOf({ hosts }: ListHostsResponse): string {
  if (hosts.length === 0) return "no hosts; `livestack hosts add NAME` adds one\n";
  const reasons = hosts
    .filter(({ why }) => why !== undefined)
    .map(({ name, why }) => `${name}: ${printable(why ?? "")}\n`);
  return [textTable(HEAD, hosts.map(rowOf)), ...reasons].join("");
}

function rowOf(host: Host): string[] {
  const { name, health, version, placedVcpus, placedMemoryBytes, sessions, heardUnixMs } = host;
  const gib = (bytes: bigint) => (Number(bytes >> 20n) / 1024).toFixed(1);
  const agoS = heardUnixMs === undefined ? undefined : (Date.now() - Number(heardUnixMs)) / 1000;
  return [
    name,
    stateOf(host),
    health ? String(health.cpus) : "-",
    `${placedVcpus} vCPUs`,
    health ? `${gib(placedMemoryBytes)} of ${gib(health.memoryBytes)} GiB` : "-",
    health?.kernel || "-",
    health ? (health.module ?? "not loaded") : "-",
    version ?? "-",
    agoS === undefined ? "never" : `${Math.max(0, Math.round(agoS))} s ago`,
    sessions.map((each) => each.name).join(", ") || "-",
  ].map(printable);
}

function stateOf({ state, drained }: Host): string {
  const word = STATES[state] ?? "unknown";
  return drained ? `${word}, drained` : word;
}

function jsonOfList({ version, hosts }: ListHostsResponse) {
  return {
    schema: "livestack.hosts/1",
    controller: version,
    hosts: hosts.map((host) => ({
      name: host.name,
      state: STATES[host.state] ?? "unknown",
      drained: host.drained,
      why: host.why ?? null,
      agent: host.version ?? null,
      heard_unix_ms: host.heardUnixMs === undefined ? null : Number(host.heardUnixMs),
      health: jsonOfHealth(host),
      placed: {
        vcpus: host.placedVcpus,
        memory_bytes: Number(host.placedMemoryBytes),
        sessions: host.sessions.map(({ uuid, name, user }) => ({ uuid, name, user })),
      },
    })),
  };
}

function jsonOfHealth({ health }: Host) {
  if (!health) return null;
  return {
    cpus: health.cpus,
    memory_bytes: Number(health.memoryBytes),
    memory_free_bytes: Number(health.memoryFreeBytes),
    kernel: health.kernel,
    module: health.module ?? null,
    sessions: health.sessions.map(({ uuid, name, state, clockNs, served }) => ({
      ...{ uuid, name, state, served },
      clock_ns: clockNs === undefined ? null : Number(clockNs),
    })),
  };
}
