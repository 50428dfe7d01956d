// SPDX-License-Identifier: Apache-2.0
// `capture: true` on a link, from the scenario to the file in the run folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { End, Kind, Mode, State } from "@livestack/netlink-client";
import t from "tap";
import { askedOf, writeFakeDevice } from "../capture/fake-device-for-test.js";
import { blocksOf, packetsOf, tshark, tsharkMissing } from "../capture/pcapng-for-test.js";
import { listStates } from "../host/session-state.js";
import { RunWorld } from "./run-world-for-test.js";

const SCENARIO = `
name: pair
session: {epoch: "2026-01-01T00:00:00Z"}
components:
  client: {kind: model, command: [sleep, "0.3"]}
  server: {kind: model, command: [sleep, "0.3"]}
links:
  - {endpoints: [client, server], latency: 10ms}
  - {name: seen, endpoints: [client, server], latency: 10ms, capture: true}
`;

const RECORDS = [
  { end: End.b, arrivalNs: 10_000_000n, data: Buffer.from("ping") },
  { end: End.a, arrivalNs: 20_000_001n, data: Buffer.from("pong") },
];

function runFolder(world: RunWorld): string {
  const [name = ""] = readdirSync(world.out);
  return join(world.out, name);
}

t.test("the link's messages are in the run folder, by simulated time", async (t) => {
  const world = new RunWorld(t);
  writeFakeDevice(world.root, RECORDS);
  const { status, stderr } = await world.run(SCENARIO);
  t.equal(status, 0, stderr);
  const links = join(runFolder(world), "links");
  t.same(readdirSync(links), ["seen.pcapng"]);
  const file = join(links, "seen.pcapng");
  t.same(
    packetsOf(readFileSync(file)).map(({ timeNs }) => timeNs),
    [1_767_225_600_010_000_000n, 1_767_225_600_020_000_001n],
  );
  t.match(askedOf(world.root), { session: 1, link: 1 });
  t.same(world.result().warnings, []);
  if (tsharkMissing()) return;
  t.same(tshark(file, ["frame.time_epoch", "frame.interface_name"]), [
    ["1767225600.010000000", "client -> server"],
    ["1767225600.020000001", "server -> client"],
  ]);
});

t.test("what a capture lacks is a warning of the result", async (t) => {
  const world = new RunWorld(t);
  writeFakeDevice(world.root, [...RECORDS, { end: End.b, lost: 5n }]);
  const { status, stderr } = await world.run(SCENARIO);
  t.equal(status, 0, stderr);
  t.same(world.result().warnings, ["seen: its capture lacks 5 messages, for want of time"]);
});

t.test("a link that cannot be captured is told before anything runs", async (t) => {
  const world = new RunWorld(t);
  const { status, stderr } = await world.run(SCENARIO);
  t.equal(status, 3, stderr);
  t.match(stderr, /there is no livestack module to capture links \[NOT_LOADED\]/);
  t.notOk(existsSync(join(runFolder(world), "links")));
  t.equal(world.kernel.sessions, 0);
});

/** The kernel of a run that was killed, which its sessions outlive. */
async function remake(world: RunWorld, uuid: string): Promise<void> {
  const client = await world.kernel.openClient();
  const asked = { uuid, name: "pair", quantumNs: 10_000_000n, mode: Mode.strict };
  const session = await client.sessionNew(asked);
  for (const id of [0, 1])
    await client.componentNew({ session, id, name: `c${id}`, kind: Kind.model });
  await client.sessionSet({ id: session, state: State.running });
}

t.test("who takes a killed run over goes on with its captures", async (t) => {
  const world = new RunWorld(t);
  writeFakeDevice(world.root, RECORDS);
  const file = world.scenario(SCENARIO.replaceAll("0.3", "4"));
  const program = fileURLToPath(new URL("./run-process-for-test.js", import.meta.url));
  const child = spawn(process.execPath, [program, world.root, file, world.out], {
    ...{ env: world.env, stdio: "ignore" },
  });
  for (let tries = 0; !listStates(world.root)[0]?.began && tries < 500; tries++) await sleep(20);
  await sleep(200);
  child.kill("SIGKILL");
  await once(child, "exit");
  const capture = join(runFolder(world), "links/seen.pcapng");
  const before = readFileSync(capture);
  t.equal(packetsOf(before).length, 2);
  await remake(world, listStates(world.root)[0]?.uuid ?? "");
  const { status, stderr } = await world.livestack("adopt", "pair");
  t.equal(status, 0, stderr);
  const after = readFileSync(capture);
  t.same(after.subarray(0, before.length), before);
  t.equal(packetsOf(after).length, 4);
  t.equal(blocksOf(after).filter(({ type }) => type === 0x0a0d0d0a).length, 2);
});
