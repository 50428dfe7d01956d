// SPDX-License-Identifier: Apache-2.0
// A helper that misbehaves on request, for tests of who has to live with it. Commands that do so
// only once take the path of a file by which a next life knows.
import { existsSync, writeFileSync } from "node:fs";
import type { FromHelper, ToHelper } from "./helper-protocol.js";

export const Fake = {
  ECHO: 1,
  DIE: 2,
  DIE_ONCE: 3,
  HANG: 4,
  INTERRUPTED_ONCE: 5,
  FAMILY_GONE_ONCE: 6,
  /** Echoes what it has in flight, by which a test sees how many come at a time. */
  COUNT: 7,
  /** Sends an event with this data. */
  EVENT: 8,
} as const;

let inFlight = 0;

function say(message: FromHelper): void {
  process.send?.(message);
}

function first(data: Uint8Array): boolean {
  const path = Buffer.from(data).toString();
  if (existsSync(path)) return false;
  writeFileSync(path, "");
  return true;
}

function answer(id: number, data: Uint8Array, more: object = {}): void {
  say({ answer: id, errno: 0, interrupted: false, messages: [{ command: 1, data }], ...more });
}

function take({ ask, command, data }: Extract<ToHelper, { ask: number }>): void {
  switch (command) {
    case Fake.DIE:
      process.stderr.write("on request\n", () => process.kill(process.pid, "SIGKILL"));
      break;
    case Fake.DIE_ONCE:
      if (first(data)) process.kill(process.pid, "SIGKILL");
      else answer(ask, data);
      break;
    case Fake.HANG:
      break;
    case Fake.INTERRUPTED_ONCE:
      answer(ask, data, { interrupted: first(data) });
      break;
    case Fake.FAMILY_GONE_ONCE:
      answer(ask, data, first(data) ? { errno: 2, messages: [] } : {});
      break;
    case Fake.COUNT:
      inFlight++;
      setTimeout(() => answer(ask, Buffer.from([inFlight--])), 20);
      break;
    case Fake.EVENT:
      say({ event: { command: 1, data } });
      answer(ask, data);
      break;
    default:
      answer(ask, data);
  }
}

// Other files take only the numbers.
if (process.send && process.argv[1]?.endsWith("fake-helper-for-test.js")) {
  process.on("disconnect", () => process.exit());
  process.on("message", (message: ToHelper) => {
    if ("ask" in message) take(message);
    else if (message.listen) say({ listening: true });
  });
  say({ ready: true });
}
