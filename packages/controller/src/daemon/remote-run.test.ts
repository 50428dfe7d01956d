// SPDX-License-Identifier: Apache-2.0
// `livestack run --controller`: guests on a host of a controller, over real TLS, with fake kernels and VMMs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { ClusterWorld } from "./cluster-world-for-test.js";

/** @param root of the host, where its image is */
function pair(root: string, rest = ""): string {
  return `
name: pair
session: {end: commands, duration: 60s}
components:
  one:
    image: {kernel: ${root}/kernel}
    setup: [echo from setup >&2]
    ready: "true"
    run: [echo first, "echo second; echo problem >&2"]
    collect: [/proc/self/status]
  two:
    image: {kernel: ${root}/kernel}
    disks: [{size: 1MiB}]
    run: [sleep 0.3]
${rest}`;
}

t.test(
  "a run on a host of a controller writes the same folder as one on this machine",
  async (t) => {
    const cluster = await ClusterWorld.create(t);
    const { world: host } = await cluster.startAgent("node1");
    await cluster.until("node1", "up");
    const { world } = cluster;
    const file = world.scenario(pair(host.root));
    const { status, stderr } = await cluster.livestack("run", file, "--out", world.out);
    t.equal(status, 0, stderr);
    t.match(
      stderr,
      /boot: one, two\n.*setup.*\n.*attach.*\n.*run: .*\n.*detach.*\n.*collect: one/s,
    );
    const folder = dirname(world.resultPath());
    t.match(world.result().components, [
      {
        name: "one",
        commands: [
          { exit: 0, stdout: "first\n" },
          { exit: 0, stdout: "second\n" },
        ],
      },
      { name: "two", commands: [{ exit: 0 }] },
    ]);
    const one = join(folder, "components/one");
    t.equal(readFileSync(join(one, "commands/1.stderr"), "utf8"), "problem\n");
    t.match(readFileSync(join(one, "collected/proc/self/status"), "utf8"), /^Name:/);
    t.ok(existsSync(join(one, "console.log")), "logs were gathered");
    t.equal(host.kernel.sessions, 0, "nothing is left in the host's kernel");
    t.same(host.processes(), [], "nor any VMM");
    t.same(readdirSync(join(host.root, "var/lib/livestack/sessions")), [], "nor files");
    t.same(cluster.controller.sessions.kept, [], "nor with the controller");
    t.same(host.loaded, ["livestack", "livestack_vcpu"]);
  },
);
