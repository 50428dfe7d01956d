// SPDX-License-Identifier: Apache-2.0
// Modelled disks: what is started and made for them on this machine, and that it goes again.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { RunWorld } from "./run-world-for-test.js";

const scenario = (disk: string) => `
name: disks
session: {duration: 60s, end: commands}
components:
  plain: {image: {kernel: kernel}, disks: [{size: 1MiB}], run: [echo one]}
  two: {image: {kernel: kernel}, disks: [{size: 1MiB}, {size: 2MiB}], ${disk}, run: ["${"echo $FAKE_VMM"}"]}
`;
const MODELLED = scenario("disk: {latency: 5ms, rate: 800Mbit}");

t.test("each disk has a back end, and a loop that its requests go over", async (t) => {
  const world = new RunWorld(t);
  const { status, stderr } = await world.run(MODELLED);
  t.equal(status, 0, stderr);
  t.same(world.loaded, ["livestack", "livestack_vcpu", "livestack_ipc"]);
  t.match(world.kernel.linksMade, [
    { id: 0, a: 1, b: 1, loop: true, latencyNs: 5_000_000n, toB: { rateBps: 800_000_000n } },
    { id: 1, a: 1, b: 1, loop: true, latencyNs: 5_000_000n, toB: { rateBps: 800_000_000n } },
  ]);
  t.equal(world.kernel.linksMade.length, 2);
  const ports = world.kernel.asked.filter((each) => each.startsWith("port-new"));
  t.same(ports, Array(2).fill(["port-new fd 4", "port-new fd 3 sized"]).flat());
  t.equal(world.kernel.helpers.length, 4, "two, each with its start time");
  t.equal(world.result().components[1]?.commands[0]?.exit, 0);
  t.same(world.result().links, []);
  t.same(world.processes(), []);
  t.equal(world.kernel.sessions, 0);
});

t.test("without a rate a request takes its latency alone", async (t) => {
  const world = new RunWorld(t);
  t.equal((await world.run(scenario("disk: {latency: 0ms}"))).status, 0);
  t.match(world.kernel.linksMade[0], { latencyNs: 0n, toB: {} });
  t.equal(world.kernel.linksMade[0]?.toB?.rateBps, undefined);
});

t.test("a kernel that refuses ends the run, and nothing is left", async (t) => {
  const world = new RunWorld(t);
  const { NetlinkError } = await import("@livestack/netlink-client");
  world.kernel.refuse = (what) =>
    what === "link-new 1" ? new NetlinkError("ENOSPC", "there are too many") : undefined;
  const { status, stderr } = await world.run(MODELLED);
  t.equal(status, 1);
  t.match(stderr, /there are too many/);
  t.same(world.processes(), []);
});

t.test("a back end that dies takes its guest with it, in words", async (t) => {
  const world = new RunWorld(t);
  const text = MODELLED.replace("echo $FAKE_VMM", "touch /tmp/never-there-$$; sleep 1000");
  const running = world.run(text);
  const isBackEnd = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("disk1\0--image");
  while (!world.kernel.asked.includes("session-set 1")) await new Promise((d) => setTimeout(d, 20));
  const back = world.processes().find(isBackEnd) ?? 0;
  process.kill(back, "SIGKILL");
  const { status, stderr } = await running;
  t.equal(status, 6);
  t.match(stderr, /two: the back end of its disk vdb was killed by SIGKILL \[COMPONENT_LOST\]/);
  t.same(world.processes(), []);
});

t.test("a raw image is copied, and is as it was", async (t) => {
  const world = new RunWorld(t);
  const image = join(world.root, "image");
  writeFileSync(image, Buffer.alloc(700, 7));
  const text = MODELLED.replace(
    "image: {kernel: kernel}, disks: [{size: 1MiB}, {size: 2MiB}]",
    "image: {disk: image, format: raw}",
  );
  t.equal((await world.run(text, "--keep-disks")).status, 0);
  const [folder = ""] = readdirSync(world.out);
  const copy = readFileSync(join(world.out, folder, "components/two/root.raw"));
  t.equal(copy.length, 1024, "whole sectors");
  t.ok(copy.subarray(0, 700).equals(Buffer.alloc(700, 7)));
  t.equal(readFileSync(image).length, 700);
  t.equal(world.kernel.linksMade.length, 1);
});
