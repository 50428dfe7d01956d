// SPDX-License-Identifier: Apache-2.0
// The reference models of both languages in one session: whoever plays with whom, every time they measure is
// the one that queueing arithmetic gives.
import { fileURLToPath } from "node:url";
import { buildModules, exec, moduleFile, resolveKernel } from "@livestack/lab";
import t from "tap";
import { count } from "./form.js";
import { calculated, measured, type Scene, type SceneResult } from "./scene.js";
import { withLab } from "./with-lab.js";

const guest = fileURLToPath(new URL("./model-session.js", import.meta.url));
const requests = count(100, 2000);
const times = { quantumNs: 20_000, toNs: 50_000, backNs: 20_000, requests };
/** Their requests arrive at the same times, so that each is a tie. */
const tied = { seed: 5, gapNs: 80_000 };

const scenes: Record<string, Scene> = {
  "clients in TypeScript and C, a server in C": {
    ...times,
    clients: [
      { language: "ts", ...tied },
      { language: "c", ...tied },
    ],
    server: { language: "c", seed: 77, serviceNs: 30_000 },
  },
  "a client in C, a server in TypeScript": {
    ...times,
    clients: [{ language: "c", seed: 6, gapNs: 40_000 }],
    server: { language: "ts", seed: 78, serviceNs: 30_000 },
  },
};

const kernel = await resolveKernel("6.12");
await buildModules(kernel);
const { hosts } = await withLab(t, "model");
const host = hosts[0]?.name ?? "";

t.test("the module loads", async (t) => {
  const { status, stderr } = await exec(host, ["insmod", moduleFile(kernel, "core")]);
  t.equal(status, 0, stderr.toString());
});

for (const [name, scene] of Object.entries(scenes))
  t.test(`${name}: latencies are those of queueing arithmetic`, async (t) => {
    const command = [process.execPath, guest, JSON.stringify(scene)];
    const { status, stdout, stderr } = await exec(host, command);
    t.equal(status, 0, stderr.toString());
    const result = JSON.parse(stdout.toString()) as SceneResult;
    t.equal(result.late, 0, "no message was late");
    const samples = measured(result);
    t.equal(samples.flat().length, requests * scene.clients.length, "all are answered");
    t.same(samples, calculated(scene));
  });

t.test("the module goes", async (t) => {
  const { status, stderr } = await exec(host, ["rmmod", "livestack"]);
  t.equal(status, 0, stderr.toString());
});
