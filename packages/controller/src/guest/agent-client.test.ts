// SPDX-License-Identifier: Apache-2.0
// The guest's agent and its client, on this machine: what needs no VM.
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { AgentClient } from "./agent-client.js";
import { LineReader, Reply } from "./agent-line.js";
import { AgentProcess } from "./agent-process-for-test.js";

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what() && tries < 500; tries++) await sleep(20);
}

function status(agent: AgentProcess): string {
  return readFileSync(`/proc/${agent.child.pid}/status`, "utf8");
}

t.test("a command's status, output of any bytes, environment, folder and times", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  t.match(client.hello, { version: 1, running: [], ended: [] });
  t.match(client.hello.bootId, /^[0-9a-f-]{36}$/);

  const shell = await client.run({
    run: `printf '\\000\\377\\n'; echo "$OWN $PWD $WORD" >&2; exit 7`,
    env: { WORD: "two  words", OWN: "overridden" },
    directory: "/usr",
  }).result;
  t.equal(shell.exit, 7);
  t.notOk("signal" in shell);
  t.same(shell.stdout, Buffer.from([0, 255, 10]));
  t.equal(shell.stderr.toString(), "overridden /usr two  words\n");
  t.ok(client.hello.monotonicNs < shell.startNs && shell.startNs < shell.endNs);

  const argv = await client.run({ run: ["printf", "%s|", "a b", "", "é\n=", "$HOME"] }).result;
  t.same([argv.exit, argv.stdout.toString()], [0, "a b||é\n=|$HOME|"]);
  const input = await client.run({ run: ["cat"] }).result;
  t.same([input.exit, input.stdout.length], [0, 0], "standard input is empty");
});

t.test("output is kept up to its limit and the rest is counted", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  const command = "head -c 3000000 /dev/zero; head -c 10 /dev/zero >&2";
  const some = await client.run({ run: command, keepBytes: 1000 }).result;
  t.same([some.stdout.length, some.stdoutLost], [1000, 2_999_000n]);
  t.same([some.stderr.length, some.stderrLost], [10, 0n]);
  const all = await client.run({ run: command, keepBytes: 4 << 20 }).result;
  t.same([all.stdout.length, all.stdoutLost], [3_000_000, 0n]);
});

t.test("runs go side by side and are killed one by one, with all they started", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  // None of them can end before all have been started.
  const gate = join(agent.folder, "gate");
  const waiting = Array.from({ length: 20 }, (_, i) =>
    client.run({ run: `while ! test -e ${gate}; do sleep 0.05; done; echo ${i}` }),
  );
  const [ready, told] = [join(agent.folder, "ready"), join(agent.folder, "told")];
  const child = `(trap 'touch ${told}; exit' TERM; touch ${ready}; sleep 1000 & wait)`;
  const killed = client.run({ run: `${child} & wait` });
  await until(() => existsSync(ready));
  const group = client.run({ run: "sleep 1000" });
  await client.kill(killed.id, 15);
  await client.kill(group.id, 9);
  t.equal((await killed.result).signal, 15);
  await until(() => existsSync(told));
  t.ok(existsSync(told), "its child was told, too");
  t.equal((await group.result).signal, 9);
  await t.rejects(client.kill(killed.id, 15), { code: "NO_SUCH_RUN" });
  await client.putFile(gate, Buffer.alloc(0));
  const results = await Promise.all(waiting.map(({ result }) => result));
  t.same(
    results.map(({ stdout }) => stdout.toString().trim()),
    Array.from({ length: 20 }, (_, i) => String(i)),
  );
});

t.test("a run waits for another one, and its time begins where that one's ends", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  const gate = join(agent.folder, "gate");
  const first = client.run({ run: `while ! test -e ${gate}; do sleep 0.05; done` });
  const step = (after: string, run: string) =>
    client.run({ run: ["sh", "-c", 'read -r _ && exec sh -c "$1"', "sh", run], after });
  const second = step(first.id, `test -e ${gate} && exit 3`);
  const third = step(second.id, "sleep 0.1");
  const killed = step(second.id, "true");
  const late = client.run({ run: "sleep 0.2", after: first.id });
  await client.kill(killed.id, 9);
  t.same((await killed.result).signal, 9, "one that waits is killed like any other");
  await client.putFile(gate, Buffer.alloc(0));
  const [a, b, c] = await Promise.all([first.result, second.result, third.result]);
  t.same([a.exit, b.exit, c.exit], [0, 3, 0]);
  t.same([b.startNs, c.startNs], [a.endNs, b.endNs]);
  t.ok(c.endNs - c.startNs >= 100_000_000n, `${c.endNs - c.startNs} ns`);
  t.equal((await late.result).startNs, a.endNs, "and so for all that wait for it");
  const gone = client.run({ run: "true", after: first.id });
  await t.rejects(
    gone.result,
    { code: "NO_SUCH_RUN" },
    "once it is forgotten nothing waits for it",
  );
});

t.test("what cannot be started says what and why", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  const refused = (run: string[], directory = "/") => client.run({ run, directory }).result;
  await t.rejects(refused(["/no/such"]), { code: "ENOENT", message: "/no/such: No such file" });
  await t.rejects(refused(["/etc/passwd"]), { code: "EACCES", message: /^\/etc\/passwd: / });
  await t.rejects(refused(["true"], "/no"), { code: "ENOENT", message: /^\/no: / });
  await t.rejects(refused([]), { code: "BAD_REQUEST", message: /arg=/ });
  await t.rejects(refused(["a\0b"]), { code: "BAD_REQUEST", message: /arg=/ });
  await t.rejects(client.run({ run: "true", keepBytes: 1 << 30 }).result, { code: "BAD_REQUEST" });
});

t.test("files go both ways, whole, with their mode", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  const path = join(agent.folder, "a file");
  const content = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * 7919) >> 3));
  await client.putFile(path, content, 0o4751);
  t.ok(readFileSync(path).equals(content));
  t.equal(statSync(path).mode & 0o7777, 0o4751);
  t.ok((await client.getFile(path)).equals(content));
  await client.putFile(path, Buffer.from("new"), 0o600);
  t.equal((await client.getFile(path)).toString(), "new");
  t.notOk(existsSync(`${path}.livestack-part`));

  const text = Buffer.from("x");
  await t.rejects(client.putFile("relative", text), { code: "BAD_REQUEST", message: /path=/ });
  await t.rejects(client.putFile("/no/such/file", text), { code: "ENOENT" });
  await client.run({ run: ["mkdir", join(agent.folder, "folder")] }).result;
  await t.rejects(client.putFile(join(agent.folder, "folder"), text), { code: "EISDIR" });
  await t.rejects(client.getFile("/no/such"), { code: "ENOENT", message: /^\/no\/such: / });
  await t.rejects(client.getFile(agent.folder), { code: "EISDIR" });
  await t.rejects(client.getFile("/dev/zero"), { code: "EOPNOTSUPP" });
  t.match((await client.getFile("/proc/self/status")).toString(), /^Name:\tlivestack-agent/);
});

t.test("the clock and the power are the guest's own to refuse", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  await t.rejects(client.setTime(-1n), { code: "BAD_REQUEST", message: /realtime_ns=/ });
  if (process.getuid?.() === 0) await t.rejects(client.setTime(1n), { code: "EPERM" });
  await client.shutdown();
  await until(() => existsSync(join(agent.folder, "powered")));
  t.equal(readFileSync(join(agent.folder, "powered"), "utf8"), "off\n", "its own poweroff ran");
});

t.test("each bad line gets its answer, and the agent goes on", async (t) => {
  const agent = await AgentProcess.start(t);
  const socket = connect(agent.path);
  const reader = new LineReader();
  const replies: Reply[] = [];
  socket.on("data", (piece) => {
    for (const line of reader.push(piece)) replies.push(new Reply(line));
  });
  const ask = async (line: string | Buffer) => {
    const before = replies.length;
    socket.write(line);
    socket.write("\n");
    await until(() => replies.length > before);
    t.equal(replies.length, before + 1, "one answer");
    return replies[before];
  };
  await until(() => replies.length === 1);
  t.equal(replies[0]?.kind, "started", "unasked, when it has started");

  const data = base64("x");
  const path = base64(join(agent.folder, "bad"));
  const long = `l1 put data=${"A".repeat(5 << 20)}`;
  const cases: [line: string | Buffer, id: string, code: string, text: RegExp][] = [
    ["?", "-", "BAD_REQUEST", /ID VERB/],
    ["a", "a", "BAD_REQUEST", /ID VERB/],
    [Buffer.from("b\0 hello"), "-", "BAD_REQUEST", /ID VERB/],
    ["c hello version", "c", "BAD_REQUEST", /ID VERB/],
    [`${"i".repeat(33)} hello version=1`, "-", "BAD_REQUEST", /ID VERB/],
    [`f run${" arg=".repeat(5000)}`, "f", "BAD_REQUEST", /ID VERB/],
    ["d dance", "d", "UNKNOWN_VERB", /^dance/],
    ["e hello", "e", "BAD_REQUEST", /^hello: version=/],
    ["g hello version=2", "g", "VERSION", /version 1, not 2/],
    ["h kill run=none signal=9", "h", "NO_SUCH_RUN", /none/],
    ["j kill run=none signal=+9", "j", "BAD_REQUEST", /^kill: signal=/],
    ["k forget run=none", "k", "NO_SUCH_RUN", /none/],
    ["m run", "m", "BAD_REQUEST", /^run: arg=/],
    ["n run arg=####", "n", "BAD_REQUEST", /^run: arg=/],
    [`o run arg=${base64("true")} env=${base64("NOVALUE")}`, "o", "BAD_REQUEST", /^run: env=/],
    [`p put path=${path} mode=9 offset=0 last=1 data=${data}`, "p", "BAD_REQUEST", /mode=/],
    [`q put path=${path} mode=644 offset=0 last=2 data=${data}`, "q", "BAD_REQUEST", /last=/],
    [`r put path=${path} mode=644 offset=0 last=1 data=abc`, "r", "BAD_REQUEST", /data=/],
    [`s put path=${path} mode=644 offset=5 last=1 data=${data}`, "s", "ESPIPE", /seek/],
    [`u get path=${path} offset=0 length=9999999`, "u", "BAD_REQUEST", /length=/],
    ["v set-time realtime_ns=99999999999999999999", "v", "BAD_REQUEST", /realtime_ns=/],
    [long, "l1", "TOO_LONG", /4194304 bytes/],
    ["A".repeat(9 << 20), "-", "TOO_LONG", /4194304 bytes/],
  ];
  for (const [line, id, code, text] of cases) {
    const reply = await ask(line);
    const name = line.toString().slice(0, 30);
    t.same([reply?.kind, reply?.id, reply?.text("code")], ["error", id, code], name);
    t.match(reply?.bytes("text").toString(), text, name);
  }
  t.notOk(existsSync(join(agent.folder, "bad")));
  const slow = base64("sleep 1000");
  socket.write(`w run sh=${slow}\n`);
  t.equal((await ask(`w run sh=${slow}`))?.text("code"), "DUPLICATE");
  t.equal((await ask("x hello version=1"))?.kind, "ok", "it goes on");
  socket.destroy();
});

t.test("what a host asks without reading waits outside the guest, and is not lost", async (t) => {
  const agent = await AgentProcess.start(t);
  const path = join(agent.folder, "bytes");
  writeFileSync(path, Buffer.alloc(600_000, "x"));
  const socket = connect(agent.path);
  await once(socket, "connect");
  const get = (i: number) => `g${i} get path=${base64(path)} offset=0 length=600000\n`;
  socket.write("h hello version=1\n");
  socket.write(Array.from({ length: 100 }, (_, i) => get(i)).join(""));
  await sleep(500);
  const memory = /^VmHWM:\s*(\d+) kB/m.exec(status(agent))?.[1];
  t.ok(Number(memory) < 16_000, `${memory} kB, of 80 MB of answers`);
  const reader = new LineReader();
  const ids = new Set<string>();
  socket.on("data", (piece) => {
    for (const line of reader.push(piece)) ids.add(new Reply(line).id);
  });
  await until(() => ids.has("g99"));
  t.equal(ids.size, 102, "started, hello and all files");
  socket.destroy();
});

const limit = { timeout: 30_000 };

t.test("a host that goes loses no answer; another one adopts what runs", limit, async (t) => {
  const agent = await AgentProcess.start(t);
  const first = await AgentClient.connect(agent.path);
  const gate = join(agent.folder, "gate");
  const slow = first.run({ run: `while ! test -e ${gate}; do sleep 0.05; done; echo slow` });
  const lost = first.run({ run: "echo lost" });
  await lost.result;
  agent.swallow();
  const quick = first.run({ run: "echo quick" });
  const mark = join(agent.folder, "mark");
  first.run({ run: ["touch", mark] });
  await until(() => existsSync(mark));
  first.close();
  t.match(await first.closed, { code: "CONNECTION_LOST" });
  await t.rejects(quick.result, { code: "CONNECTION_LOST" });
  await t.rejects(slow.result, { code: "CONNECTION_LOST" });
  await t.rejects(first.getFile(mark), { code: "CONNECTION_LOST" });

  const second = await AgentClient.connect(agent.path);
  t.same(second.hello.running, [slow.id]);
  t.equal(second.hello.ended.length, 2, "the two whose answers went astray");
  t.ok(second.hello.ended.includes(quick.id));
  const quickResult = await second.adopt(quick.id).result;
  t.equal(quickResult.stdout.toString(), "quick\n");
  const adopted = second.adopt(slow.id);
  await second.putFile(gate, Buffer.alloc(0));
  t.equal((await adopted.result).stdout.toString(), "slow\n");
  await second.getFile("/proc/self/status"); // after the client's word that it has both
  second.close();

  const third = await AgentClient.connect(agent.path);
  t.same(
    [third.hello.running.length, third.hello.ended.length],
    [0, 1],
    "what it has is forgotten",
  );
  t.equal(third.hello.bootId, second.hello.bootId);
});

t.test("a host that is cut off in the middle of a line does the next one no harm", async (t) => {
  const agent = await AgentProcess.start(t);
  for (const half of ["a1 put path=", "a2 run sh=ZWNo", "\n\n", `a3 get path=${base64("/x")}\n`]) {
    const socket = connect(agent.path);
    await once(socket, "connect");
    await new Promise((done) => socket.write(half, done));
    socket.destroy();
    const client = await AgentClient.connect(agent.path);
    t.equal((await client.run({ run: "echo ok" }).result).stdout.toString(), "ok\n");
    client.close();
  }
});

t.test("an end of the agent or of the way to it is told to all who wait", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  const run = client.run({ run: "sleep 1000" });
  await client.kill(run.id, 9);
  await run.result;
  const waiting = client.run({ run: "sleep 1" });
  await agent.stop();
  await t.rejects(waiting.result, { code: "CONNECTION_LOST" });
  await t.rejects(AgentClient.connect(agent.path), { code: "CONNECTION_LOST" });
});

t.test("who waits for a guest that does not answer can give up", async (t) => {
  const agent = await AgentProcess.start(t);
  agent.child.kill("SIGSTOP");
  const signal = AbortSignal.timeout(50);
  await t.rejects(AgentClient.connect(agent.path, { signal }), { code: "ABORTED" });
  const nowhere = join(agent.folder, "nowhere");
  const later = { signal: AbortSignal.timeout(50), vmmStarts: true };
  await t.rejects(AgentClient.connect(nowhere, later), { code: "ABORTED" });
  await t.rejects(AgentClient.connect(nowhere), { code: "CONNECTION_LOST", message: /nowhere/ });
  agent.child.kill("SIGCONT");
  await t.resolves(AgentClient.connect(agent.path));
});

t.test("an idle agent sleeps: it is not woken once, with a host and without", async (t) => {
  const agent = await AgentProcess.start(t);
  const client = await AgentClient.connect(agent.path);
  const switches = () => /^voluntary_ctxt_switches:\s*(\d+)/m.exec(status(agent))?.[1];
  await sleep(100);
  const before = switches();
  await sleep(500);
  t.equal(switches(), before, "with a host");
  client.close();
  await sleep(200);
  const alone = switches();
  t.not(alone, before, "it noticed");
  await sleep(500);
  t.equal(switches(), alone, "without one");
});
