// SPDX-License-Identifier: Apache-2.0
// The daemons as programs: how they end, and what they say when they cannot begin.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { ClusterWorld } from "./cluster-world-for-test.js";

const LIVESTACK = fileURLToPath(new URL("../../bin/livestack.js", import.meta.url));

t.test("SIGTERM ends a controller and an agent with 0, and each tells the other", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { root, env } = cluster.world;
  const { ca, certificate, key } = cluster.files({ role: "controller", name: "main" });
  const files = ["--ca", ca, "--certificate", certificate, "--key", key];
  const socket = join(root, "c.sock");
  const place = ["--listen", "127.0.0.1:0", "--no-metrics", "--state", join(root, "s")];
  const controller = spawn(
    process.execPath,
    [LIVESTACK, "controller", ...place, "--socket", socket, ...files],
    { env, stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  controller.stderr.on("data", (piece) => {
    said += piece;
  });
  await cluster.eventually("it listens", () => existsSync(socket) && /listens at/.test(said));
  controller.kill("SIGTERM");
  t.same(await once(controller, "exit"), [0, null]);
  t.match(said, /controller: was told to stop/);
  await cluster.issue({ role: "agent", name: "node1" });
  cluster.controller.hosts.add("node1");
  const own = cluster.files({ role: "agent", name: "node1" });
  const agent = spawn(
    process.execPath,
    [
      ...[LIVESTACK, "agent", "--controller", cluster.address, "--host", "node1"],
      ...["--ca", own.ca, "--certificate", own.certificate, "--key", own.key],
    ],
    { env, stdio: "ignore" },
  );
  await cluster.until("node1", "up");
  agent.kill("SIGTERM");
  t.same(await once(agent, "exit"), [0, null]);
  await cluster.until("node1", "lost");
  t.equal(cluster.controller.hosts.get("node1").why, "its agent was told to stop");
});

t.test("a daemon that cannot begin says why", async (t) => {
  const dir = t.testdir();
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [LIVESTACK, ...args], { encoding: "utf8" });
  const files = [
    "--ca",
    join(dir, "ca"),
    "--certificate",
    join(dir, "crt"),
    "--key",
    join(dir, "k"),
  ];
  const missing = run("controller", ...files);
  t.equal(missing.status, 1);
  t.match(
    missing.stderr,
    /ca: it cannot be read \[NO_CERTIFICATE\]\n.*\nhint: `livestack pki issue`/,
  );
  for (const name of ["ca", "crt", "k"]) writeFileSync(join(dir, name), "nonsense");
  const bad = run("agent", "--controller", "127.0.0.1:1", ...files);
  t.match(bad, { status: 1, stderr: /crt: it is no certificate \[NO_CERTIFICATE\]/ });
  t.match(run("agent"), { status: 2, stderr: /--controller/ });
  t.match(run("controller", "--listen", "here"), { status: 2, stderr: /HOST:PORT/ });
});

t.test("an agent says once that nobody is there, and connects when somebody is", async (t) => {
  const cluster = await ClusterWorld.create(t);
  await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  await cluster.stopController();
  const refused = () => cluster.lines.filter((line) => /ECONNREFUSED/.test(line));
  await cluster.eventually("it was refused", () => refused().length > 0);
  t.match(refused(), [
    /agent: 127\.0\.0\.1:\d+: connect ECONNREFUSED \S+ \[CONTROLLER_SILENT\]; .*; it is tried again$/,
  ]);
  await cluster.startController();
  cluster.controller.hosts.add("node1");
  await cluster.until("node1", "up");
  t.equal(refused().length, 1, "once, however often it was tried");
});

t.test("a rotated certificate is shown without a restart, a broken one is not", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const identity = { role: "controller", name: "main" } as const;
  const { readCertificates } = await import("../cluster/credentials.js");
  const { renewAs } = await import("./renew-certificates.js");
  const files = cluster.files(identity);
  const first = readCertificates(files, "controller");
  const timer = renewAs(files, first, 20, cluster.controller, cluster.log);
  t.teardown(() => clearInterval(timer));
  const said = (pattern: RegExp) =>
    cluster.eventually(String(pattern), () => cluster.lines.some((line) => pattern.test(line)));
  await said(/certificate: ends in 9 days: livestack pki rotate/);
  await cluster.pki.reissue(100, { nowMs: Date.now(), days: 300 });
  await said(/certificate: renewed, until /);
  t.match(await cluster.livestack("hosts", "ls"), { status: 0 });
  writeFileSync(files.certificate, "nonsense");
  await said(/it is no certificate; the one before stays in use/);
  t.match(await cluster.livestack("hosts", "ls"), { status: 0 });
});
