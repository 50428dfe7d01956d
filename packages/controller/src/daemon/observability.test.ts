// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  loadPackageDefinition,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";
import t from "tap";
import { channelTo, readCertificates } from "../cluster/credentials.js";
import { ClusterWorld } from "./cluster-world-for-test.js";
import { metricsText } from "./metrics.js";

interface HealthClient {
  check(
    request: { service: string },
    done: (error: Error | null, reply: { status: number | string }) => void,
  ): void;
  close(): void;
}

interface HealthPackage {
  grpc: {
    health: {
      v1: {
        Health: new (
          address: string,
          channel: ChannelCredentials,
          options: ChannelOptions,
        ) => HealthClient;
      };
    };
  };
}

/** Asks which services there are; their names are in what comes back as they are. */
async function reflected(cluster: ClusterWorld): Promise<string> {
  const certificates = readCertificates(cluster.files({ role: "user", name: "ann" }), "user");
  const { channel, options } = channelTo(cluster.address, certificates);
  const client = new Client(cluster.address, channel, options);
  const same = (bytes: Buffer) => bytes;
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const stream = client.makeBidiStreamRequest(path, same, same);
  // list_services, with no filter
  stream.end(Buffer.from([0x3a, 0]));
  try {
    return await new Promise<string>((done, failed) => {
      stream.once("data", (bytes: Buffer) => done(bytes.toString("latin1")));
      stream.once("error", failed);
    });
  } finally {
    client.close();
  }
}

t.test("health, reflection and metrics are served", async (t) => {
  const cluster = await ClusterWorld.create(t);
  await cluster.stopController();
  await cluster.startController({ reflection: true, metrics: { host: "127.0.0.1", port: 0 } });
  await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const certificates = readCertificates(cluster.files({ role: "user", name: "ann" }), "user");
  const { channel, options } = channelTo(cluster.address, certificates);
  const health = loadPackageDefinition(loadSync(protoPath)) as unknown as HealthPackage;
  const client = new health.grpc.health.v1.Health(cluster.address, channel, options);
  const answer = await new Promise((done, failed) =>
    client.check({ service: "livestack.agent.v1.AgentService" }, (error, reply) =>
      error ? failed(error) : done(reply),
    ),
  );
  t.match(answer, { status: 1 });
  client.close();
  const services = await reflected(cluster);
  t.match(services, "livestack.control.v1.ControlService");
  const page = await fetch(`http://127.0.0.1:${cluster.controller.metricsPort}/metrics`);
  t.match(page.headers.get("content-type"), /version=0\.0\.4/);
  const text = await page.text();
  for (const line of [
    'livestack_build_info{version="0.1.0"} 1',
    'livestack_hosts{state="up"} 1',
    'livestack_host_up{host="node1"} 1',
    "livestack_sessions 0",
    "# TYPE livestack_refused_total counter",
  ])
    t.ok(text.includes(`${line}\n`), line);
  const other = await fetch(`http://127.0.0.1:${cluster.controller.metricsPort}/`);
  t.equal(other.status, 404);
});

t.test("without --reflection nobody is told what is served", async (t) => {
  const cluster = await ClusterWorld.create(t);
  await t.rejects(reflected(cluster), { code: 12 });
});

t.test("docs/cluster.md has each metric and no other", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { hosts, sessions, refusals } = cluster.controller;
  const text = metricsText({ hosts, sessions, refusals, connections: () => 0 });
  const served = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  const docs = readFileSync(new URL("../../../../docs/cluster.md", import.meta.url), "utf8");
  const section = docs.split("### Metrics")[1]?.split("\n## ")[0] ?? "";
  const documented = [...section.matchAll(/^\| `(livestack_\w+)`/gm)].map(([, name]) => name);
  t.same(documented, served);
});
