// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { Connection, type Request } from "./connection.js";
import { Fake } from "./fake-helper-for-test.js";

const program = fileURLToPath(new URL("./fake-helper-for-test.js", import.meta.url));
const user = fileURLToPath(new URL("./connection-user-for-test.js", import.meta.url));

async function connect(t: Test, options: object = {}): Promise<Connection> {
  const connection = new Connection({ bufferBytes: 1, answerLimitMs: 5_000, program, ...options });
  await connection.open();
  t.teardown(() => connection.close());
  return connection;
}

function ask(command: number, data = "", more: Partial<Request> = {}): Request {
  const operation = more.reads === false ? "session-new" : "session-get";
  const read = { dump: false, reads: true, whole: more.dump === true };
  return { operation, command, ...read, data: Buffer.from(data), ...more };
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100 && existsSync(`/proc/${pid}`); tries++)
    await new Promise((done) => setTimeout(done, 50));
  return !existsSync(`/proc/${pid}`);
}

test("a request that reads is asked again when the helper dies under it", async (t) => {
  const connection = await connect(t);
  const before = connection.helperPid;
  const { messages } = await connection.request(ask(Fake.DIE_ONCE, join(t.testdir(), "died")));
  t.equal(messages.length, 1);
  t.not(connection.helperPid, before, "by another helper");
});

test("one that changes something is not: its outcome is unknown", async (t) => {
  const connection = await connect(t);
  const path = join(t.testdir(), "died");
  const read = connection.request(ask(Fake.ECHO, "", { dump: true }));
  await t.rejects(connection.request(ask(Fake.DIE_ONCE, path, { reads: false })), {
    code: "HELPER_LOST",
    message: /^session-new: .*SIGKILL.* whether it was done is unknown$/,
    hint: /session-get/,
  });
  t.ok(await read);
  t.ok(await connection.request(ask(Fake.ECHO)), "and the next request is answered");
});

test("a request that kills every helper is given up", async (t) => {
  const connection = await connect(t);
  await t.rejects(connection.request(ask(Fake.DIE)), {
    code: "HELPER_LOST",
    message: /on request/,
  });
  t.ok(await connection.request(ask(Fake.ECHO)));
});

test("a helper that hangs is replaced", async (t) => {
  const connection = await connect(t, { answerLimitMs: 2_000 });
  await t.rejects(connection.request(ask(Fake.HANG)), { code: "ETIMEDOUT" });
  t.ok(await connection.request(ask(Fake.ECHO)));
});

test("a dump that was interrupted is asked for again", async (t) => {
  const connection = await connect(t);
  const path = join(t.testdir(), "interrupted");
  const answer = await connection.request(ask(Fake.INTERRUPTED_ONCE, path, { dump: true }));
  t.equal(answer.interrupted, false);
  t.ok(existsSync(path), "it was interrupted once");
  const other = join(t.testdir(), "other");
  const loose = ask(Fake.INTERRUPTED_ONCE, other, { dump: true, whole: false });
  t.equal((await connection.request(loose)).interrupted, true, "unless that does not matter");
});

test("when the family has gone a fresh helper looks for it", async (t) => {
  const connection = await connect(t);
  const before = connection.helperPid;
  const path = join(t.testdir(), "gone");
  const answer = await connection.request(ask(Fake.FAMILY_GONE_ONCE, path, { reads: false }));
  t.equal(answer.errno, 0);
  t.not(connection.helperPid, before);
});

test("at most 32 requests are under way, and one dump", async (t) => {
  const connection = await connect(t);
  const highest = async (dump: boolean) => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => connection.request(ask(Fake.COUNT, "", { dump }))),
    );
    return Math.max(...answers.map(({ messages }) => messages[0]?.data[0] ?? 0));
  };
  t.equal(await highest(false), 32);
  t.equal(await highest(true), 1);
});

test("a helper that cannot be started is tried ten times, then said to be so", async (t) => {
  const broken = join(t.testdir(), "broken.mjs");
  writeFileSync(broken, 'process.stderr.write("no such addon"); process.exitCode = 3;');
  const connection = new Connection({ bufferBytes: 1, answerLimitMs: 5_000, program: broken });
  await t.rejects(connection.open(), {
    code: "HELPER_FAILED",
    message: /10 times in a row, last with status 3: no such addon/,
    hint: /rmem_max/,
  });
  await connection.close();
});

test("a listener hears when events begin anew, over any number of deaths", async (t) => {
  const connection = await connect(t);
  const heard: string[] = [];
  const lives = 4;
  await new Promise<void>((done) => {
    let life = 0;
    connection.listen({
      listening() {
        heard.push("listening");
        if (++life > lives) done();
        else
          void connection
            .request(ask(Fake.EVENT, `event ${life}`))
            .then(() => connection.request(ask(Fake.DIE, "", { reads: false })))
            .catch(() => {});
      },
      event: ({ data }) => heard.push(Buffer.from(data).toString()),
      failed: (error) => t.fail(error.message),
    });
  });
  connection.listen(undefined);
  const each = Array.from({ length: lives }, (_, index) => ["listening", `event ${index + 1}`]);
  t.same(heard, [...each.flat(), "listening"]);
});

test("closing ends the helper and gives up what is under way", async (t) => {
  const connection = await connect(t);
  const pid = connection.helperPid ?? 0;
  const hanging = connection.request(ask(Fake.HANG));
  const rejected = t.rejects(hanging, { code: "CLOSED" });
  await connection.close();
  await rejected;
  t.notOk(existsSync(`/proc/${pid}`), "gone and reaped");
  await t.rejects(connection.request(ask(Fake.ECHO)), { code: "CLOSED" });
});

test("an idle helper does not keep its program alive, and ends with it", async (t) => {
  const child = spawn(process.execPath, [user], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const [status] = await once(child, "close");
  t.equal(status, 0);
  t.ok(await gone(Number(line)));
});

test("kill -9 of the program ends its helper", async (t) => {
  const child = spawn(process.execPath, [user, "listen"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  t.ok(existsSync(`/proc/${Number(line)}`), "who listens stays");
  child.kill("SIGKILL");
  t.ok(await gone(Number(line)));
});
