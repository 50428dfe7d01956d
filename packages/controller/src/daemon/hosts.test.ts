// SPDX-License-Identifier: Apache-2.0
// Hosts of a controller, over real TLS on loopback: who is let in, who is shown, who comes back.
import t from "tap";
import { ClusterWorld } from "./cluster-world-for-test.js";

t.test("a host that is added connects, and is shown with what it has", async (t) => {
  const cluster = await ClusterWorld.create(t);
  t.match(await cluster.livestack("hosts", "ls"), { status: 0, stdout: /no hosts/ });
  t.match(await cluster.livestack("hosts", "add", "node1"), { status: 0, stderr: "" });
  t.match(await cluster.livestack("hosts", "ls"), { stdout: /^node1 +unseen .* never/m });
  await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  t.match(await cluster.livestack("hosts", "ls"), {
    status: 0,
    stdout: /^node1 +up +\d+ +0 vCPUs +0\.0 of [\d.]+ GiB +\S+ +not loaded +0\.1\.0 +\d s ago +-$/m,
  });
  const { hosts } = JSON.parse((await cluster.livestack("hosts", "ls", "-o", "json")).stdout);
  t.match(hosts, [{ name: "node1", state: "up", drained: false, health: { sessions: [] } }]);
  t.match(await cluster.world.livestack("hosts", "ls"), { stdout: /^node1 +up/m }, "local socket");
});
