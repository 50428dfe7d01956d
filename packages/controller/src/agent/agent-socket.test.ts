// SPDX-License-Identifier: Apache-2.0
// The agent's socket: what goes over it, who may ask for what, and bad input of every kind.
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import t, { type Test } from "tap";
import { LivestackError } from "../livestack-error.js";
import { LiveKernel } from "../run/live-kernel-for-test.js";
import { AgentConnection } from "./connection.js";
import { handlersOf } from "./handlers.js";
import { HostAgent } from "./host-agent.js";
import { verbs } from "./protocol.js";
import { AgentServer } from "./server.js";

const UUID = "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0009";

async function serve(t: Test) {
  const root = mkdtempSync(join(tmpdir(), "lsa-"));
  const kernel = await new LiveKernel().openClient();
  const host = HostAgent.create(
    kernel,
    { root, env: process.env, runIp: async () => {} },
    { uuid: UUID, name: "socket" },
  );
  const path = host.runtime.agentSocket;
  const server = await AgentServer.listen(path, handlersOf(host), "secret");
  t.teardown(() => {
    server.close();
    rmSync(root, { recursive: true });
  });
  return path;
}

const PLAN = {
  ...{ uuid: UUID, name: "socket", folder: "/tmp", quantumNs: 10_000_000n, mode: 1, onLoss: 1 },
  ...{ onOvershoot: 1, components: [{ id: 0, name: "web", kind: "live" as const }], links: [] },
};

t.test("its own livestack may ask for all, others may look and run commands", async (t) => {
  const path = await serve(t);
  t.equal(statSync(path).mode & 0o777, 0o660);
  const other = await AgentConnection.open(path);
  t.match(other.hello, { version: 1, uuid: UUID });
  const control = Object.entries(verbs).filter(([, { control }]) => control);
  t.ok(control.length > 10);
  for (const token of [undefined, "guessed"]) {
    const asker = await AgentConnection.open(path, token);
    await t.rejects(asker.ask("prepare", PLAN), { code: "NO_PRIVILEGE", hint: /guest-exec/ });
    asker.close();
  }
  const own = await AgentConnection.open(path, "secret");
  t.same(await own.ask("prepare", PLAN), { session: 1 });
  t.match(await other.ask("status", {}), { session: { id: 1, quantumNs: 10_000_000n }, fates: [] });
  await t.rejects(other.ask("guest-exec", { component: 0, run: "true" }), {
    code: "WRONG_STATE",
    place: "web",
    hint: "it has not been booted",
  });
  await t.rejects(other.ask("guest-exec", { component: 9, run: "true" }), {
    code: "NOT_FOUND",
    hint: "it has web",
  });
  own.close();
  await t.rejects(own.ask("status", {}), { code: "AGENT_SILENT" });
  other.close();
});

t.test("each bad line gets its answer, and the agent goes on", async (t) => {
  const path = await serve(t);
  const socket = connect(path);
  const lines = createInterface({ input: socket });
  const ask = async (line: string) => {
    socket.write(`${line}\n`);
    const [answer] = await once(lines, "line");
    return JSON.parse(answer);
  };
  const cases: [line: string, code: string, message: RegExp][] = [
    ["nonsense", "BAD_REQUEST", /not of the agent's protocol/],
    ["[]", "BAD_REQUEST", /protocol/],
    ['{"id":1}', "BAD_REQUEST", /protocol/],
    ['{"id":2,"verb":"dance","params":{}}', "BAD_REQUEST", /knows no dance/],
    ['{"id":3,"verb":"constructor","params":{}}', "BAD_REQUEST", /knows no constructor/],
    ['{"id":4,"verb":"hello","params":{"version":2}}', "BAD_REQUEST", /speaks version 1, not 2/],
    ['{"id":5,"verb":"hello","params":{"version":1,"more":1}}', "BAD_REQUEST", /protocol/],
    ['{"id":6,"verb":"guest-exec","params":{"component":-1,"run":"x"}}', "BAD_REQUEST", /protocol/],
    ['{"id":7,"verb":"boot","params":{}}', "NO_PRIVILEGE", /only the session's own/],
    ['{"id":8,"verb":"status","params":{}}', "WRONG_STATE", /has not been made/],
  ];
  for (const [line, code, message] of cases) {
    const { error } = await ask(line);
    t.equal(error.code, code, line);
    t.match(error.message, message);
    t.ok(error.hint, "with a hint");
  }
  t.match(await ask('{"id":9,"verb":"hello","params":{"version":1}}'), {
    id: 9,
    answer: { version: 1 },
  });
  socket.destroy();
});

t.test("an agent that is not there is told by name", async (t) => {
  const path = "/nonexistent/agent.sock";
  const error = await AgentConnection.open(path).catch((thrown: unknown) => thrown);
  t.ok(error instanceof LivestackError);
  t.match(error, { code: "AGENT_SILENT", place: path, hint: /livestack ls/ });
});
