// SPDX-License-Identifier: Apache-2.0
// Strangers, and those who may be there but not so: refused, logged once, and a host that is connected
// does not notice.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { type ChannelOptions, Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { AgentServiceClient } from "@livestack/proto/agent";
import { ControlServiceClient } from "@livestack/proto/control";
import t, { type Test } from "tap";
import { type CertificateFiles, channelTo, readCertificates } from "../cluster/credentials.js";
import { PkiFolder } from "../pki/pki-folder.js";
import { ClusterWorld } from "./cluster-world-for-test.js";

const DAY_MS = 86_400_000;
const CONNECT = "/livestack.agent.v1.AgentService/Connect";

/** A cluster with a connected host, which has to be connected still at the end. */
async function clusterWithHost(t: Test, options: Parameters<typeof ClusterWorld.create>[1] = {}) {
  const cluster = await ClusterWorld.create(t, options);
  await cluster.startAgent("good");
  await cluster.until("good", "up");
  const { instance } = cluster.controller.hosts.get("good").link?.hello ?? {};
  const unharmed = () => {
    const { condition, link } = cluster.controller.hosts.get("good");
    t.equal(condition, "up", "the host is connected");
    t.equal(link?.hello.instance, instance);
    t.notOk(
      cluster.lines.some((line) => /agent good: lost/.test(line)),
      "and was never lost",
    );
  };
  return { cluster, unharmed };
}

function count(cluster: ClusterWorld, pattern: RegExp): number {
  return cluster.lines.filter((line) => pattern.test(line)).length;
}

/** What a call with these files ends with, tried three times as an agent would. */
async function tryThrice(cluster: ClusterWorld, make: () => Client): Promise<string> {
  let last = "";
  for (let times = 0; times < 3; times++) {
    const client = make();
    const stream = client.makeBidiStreamRequest(CONNECT, same, same);
    stream.write(Buffer.from([]));
    stream.resume();
    const [error] = (await once(stream, "error").catch((thrown) => [thrown])) as [ServiceError];
    last = `${error.code} ${error.details}`;
    client.close();
  }
  await cluster.eventually("it was logged", () => count(cluster, /refused: /) > 0);
  return last;
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

function certificatesOf(cluster: ClusterWorld, files: CertificateFiles) {
  return { ...readCertificates(files, "agent"), address: cluster.address };
}

t.test("no certificate, or one of another authority, does not come as far as gRPC", async (t) => {
  const { cluster, unharmed } = await clusterWithHost(t);
  const none = () => new Client(cluster.address, credentials.createSsl(), {});
  t.match(await tryThrice(cluster, none), /^14 /);
  const bare = () =>
    new Client(
      cluster.address,
      credentials.createSsl(null, null, null, { rejectUnauthorized: false }),
    );
  t.match(await tryThrice(cluster, bare), /^14 /);
  t.equal(count(cluster, /refused: it shows no certificate/), 1);
  const other = new PkiFolder(join(cluster.world.root, "other"));
  const validity = { nowMs: Date.now(), days: 10 };
  await other.init(validity);
  await other.issue({ role: "agent", name: "good" }, [], validity);
  const forged = certificatesOf(cluster, cluster.files({ role: "agent", name: "good" }, other));
  const before = cluster.controller.refusals.of("certificate");
  t.match(await tryThrice(cluster, () => clientWith(forged)), /^14 /);
  t.equal(cluster.controller.refusals.of("certificate"), before + 3, "each is counted");
  t.equal(
    count(cluster, /127\.0\.0\.1: refused: its certificate: \w*SIGN/),
    1,
    cluster.lines.join("\n"),
  );
  unharmed();
});

t.test("an expired certificate is refused by its owner, and by the controller", async (t) => {
  const { cluster, unharmed } = await clusterWithHost(t);
  const old = { role: "agent", name: "old" } as const;
  await cluster.issue(old, { nowMs: Date.now() - 30 * DAY_MS, days: 10 });
  const files = cluster.files(old);
  t.throws(() => readCertificates(files, "agent"), { code: "NO_CERTIFICATE", message: /expired/ });
  const [ca, certificate, key] = [files.ca, files.certificate, files.key].map((file) =>
    readFileSync(file),
  ) as [Buffer, Buffer, Buffer];
  const shown = { ca, certificate, key, identity: old, untilMs: 0, address: cluster.address };
  t.match(await tryThrice(cluster, () => clientWith(shown)), /^14 /);
  t.equal(
    count(cluster, /127\.0\.0\.1: refused: its certificate: CERT_HAS_EXPIRED/),
    1,
    cluster.lines.join("\n"),
  );
  unharmed();
});

t.test("a right certificate does not help with another host's name", async (t) => {
  const { cluster, unharmed } = await clusterWithHost(t);
  const other = { role: "agent", name: "other" } as const;
  await cluster.issue(other);
  const files = cluster.files(other);
  await t.rejects(cluster.dial("good", files).stop(), { code: "NO_CERTIFICATE" });
  const call = (host: string) => refusal(cluster, files, host);
  t.match(await call("other"), /not in the controller's inventory/);
  cluster.controller.hosts.add("other");
  t.match(await call("good"), /it calls itself good/);
  t.equal(count(cluster, /agent other: refused: it calls itself good/), 1);
  await cluster.issue({ role: "user", name: "bob" });
  const bob = readCertificates(cluster.files({ role: "user", name: "bob" }), "user");
  const stream = clientWith({ ...bob, address: cluster.address });
  t.match(await helloWith(stream, "good"), /a user is no agent/);
  const control = controlAs(certificatesOf(cluster, files));
  t.match(await control, { code: 7, details: /no agent may ask this/ });
  const asAgent = await cluster.as(other, "hosts", "ls");
  t.match(asAgent.stderr, /not the certificate of a user \[NO_CERTIFICATE\]/);
  unharmed();
});

t.test("a malformed message and one of 100 MB end their own connection only", async (t) => {
  const { cluster, unharmed } = await clusterWithHost(t);
  const files = cluster.files({ role: "agent", name: "good" });
  const shown = certificatesOf(cluster, files);
  const send = async (bytes: Buffer) => {
    const client = clientWith(shown, { "grpc.max_send_message_length": -1 });
    const stream = client.makeBidiStreamRequest(CONNECT, same, same);
    stream.write(bytes);
    stream.resume();
    const [error] = (await once(stream, "error").catch((thrown) => [thrown])) as [ServiceError];
    client.close();
    return error.code;
  };
  // hello, of a length that the message does not have
  t.equal(await send(Buffer.from([0x0a, 0x7f, 0x01])), 13, "INTERNAL: cannot be decoded");
  t.equal(await send(Buffer.alloc(100 << 20)), 8, "RESOURCE_EXHAUSTED: too long");
  t.equal(await send(Buffer.from([])), 3, "INVALID_ARGUMENT: hello comes first");
  unharmed();
});

t.test("500 connections that say nothing take nobody's place", async (t) => {
  const limits = { connections: 100, handshakes: 32, handshakeMs: 3_000 };
  const { cluster, unharmed } = await clusterWithHost(t, { limits, helloMs: 200 });
  const port = Number(cluster.address.split(":")[1]);
  const sockets: Socket[] = [];
  for (let index = 0; index < 500; index++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
  }
  t.match(await cluster.livestack("hosts", "ls"), { status: 0 }, "others get through meanwhile");
  await cluster.eventually("all are closed", () => sockets.every((each) => each.closed));
  t.equal(count(cluster, /has not finished its handshake in time/), 1, "logged once");
  t.ok(cluster.controller.refusals.of("silent") >= 400);
  const certificates = certificatesOf(cluster, cluster.files({ role: "agent", name: "good" }));
  const silent = clientWith(certificates).makeBidiStreamRequest(CONNECT, same, same);
  silent.resume();
  const [error] = (await once(silent, "error").catch((thrown) => [thrown])) as [ServiceError];
  t.match(error.details, /it has not said hello/, "nor does a stream that is silent");
  unharmed();
});

t.test("who shows a certificate and then says nothing, or no HTTP/2, is cut off", async (t) => {
  const { cluster, unharmed } = await clusterWithHost(t, { idleMs: 200 });
  const { ca, certificate, key } = readCertificates(
    cluster.files({ role: "agent", name: "good" }),
    "agent",
  );
  const port = Number(cluster.address.split(":")[1]);
  const shown = { ca, cert: certificate, key, host: "127.0.0.1", port, ALPNProtocols: ["h2"] };
  for (const said of ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\0".repeat(1 << 20)]) {
    const socket = connectTls(shown);
    socket.on("error", () => {});
    socket.resume();
    await once(socket, "secureConnect");
    socket.write(said);
    await once(socket, "close");
    t.pass(JSON.stringify(said.slice(0, 14)));
  }
  unharmed();
});

t.test("more connections than there may be are closed, those that are there stay", async (t) => {
  const limits = { connections: 5, handshakes: 5, handshakeMs: 60_000 };
  const { cluster, unharmed } = await clusterWithHost(t, { limits });
  const port = Number(cluster.address.split(":")[1]);
  const sockets = Array.from({ length: 20 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) socket.on("error", () => {});
  await cluster.eventually(
    "some are closed",
    () => sockets.filter((each) => each.closed).length >= 16,
  );
  t.equal(count(cluster, /too many connections/), 1);
  unharmed();
  for (const socket of sockets) socket.destroy();
});

function clientWith(
  {
    address,
    ...certificates
  }: ReturnType<typeof certificatesOf> | (Parameters<typeof channelTo>[1] & { address: string }),
  more: ChannelOptions = {},
): Client {
  const { channel, options } = channelTo(address, certificates);
  return new AgentServiceClient(address, channel, { ...options, ...more });
}

/** What the error is that hosts are listed with. */
function controlAs({ address, ...certificates }: ReturnType<typeof certificatesOf>) {
  const { channel, options } = channelTo(address, certificates);
  const client = new ControlServiceClient(address, channel, options);
  return new Promise((done) =>
    client.listHosts({}, (error) => {
      client.close();
      done(error);
    }),
  );
}

function refusal(cluster: ClusterWorld, files: CertificateFiles, host: string): Promise<string> {
  return helloWith(clientWith(certificatesOf(cluster, files)), host);
}

async function helloWith(client: Client, host: string): Promise<string> {
  const stream = (client as AgentServiceClient).connect();
  const hello = { host, version: "0.1.0", instance: "x", health: undefined };
  stream.write({ message: { $case: "hello", value: hello } });
  stream.resume();
  const [error] = (await once(stream, "error").catch((thrown) => [thrown])) as [ServiceError];
  client.close();
  return error.details;
}
