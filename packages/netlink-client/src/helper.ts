// SPDX-License-Identifier: Apache-2.0
// The helper process: the only place that uses the npm package `netlink`, which ends its process
// when a receive buffer overruns. It carries bytes and keeps no state, so it can be started again.
import { CONTROL_GROUP_NOTIFY, type Family, resolveFamily, tellsOfFamily } from "./family.js";
import { FAMILY_NAME, FAMILY_VERSION } from "./generated/livestack.js";
import { type FromHelper, HelperExit, type ToHelper } from "./helper-protocol.js";
import { openSocket, RequestSocket } from "./request-socket.js";
import { decodeMessages, familyMessage, MessageType } from "./wire.js";

/** Events that the client has not taken yet; beyond it a fresh start costs less than the memory. */
const MOST_UNTAKEN = 16_384;

const bufferBytes = Number(process.argv[2]);
let untaken = 0;
let stopListening: (() => void) | undefined;

function say(message: FromHelper): void {
  untaken++;
  process.send?.(message, undefined, {}, () => untaken--);
}

/** Says why there is nothing to help with, and ends once that has been taken. */
function giveUp(failed: { code: string; message: string }): void {
  process.send?.({ failed } satisfies FromHelper, undefined, {}, () => process.disconnect?.());
}

function startOver(): never {
  process.exit(HelperExit.LOST);
}

/** Joins the events, and the notices of families that come and go. */
function listen(family: Family): void {
  if (stopListening) return;
  const socket = openSocket(bufferBytes, startOver);
  socket.on("message", (datagram) => {
    for (const { type, payload } of decodeMessages(datagram)) hear(family, type, payload);
    if (untaken > MOST_UNTAKEN) startOver();
  });
  stopListening = () => socket.close();
  try {
    socket.addMembership(family.events);
    socket.addMembership(CONTROL_GROUP_NOTIFY);
  } catch (error) {
    stopListening();
    stopListening = undefined;
    const { code, message } = error as NodeJS.ErrnoException;
    say({ refused: { code: code ?? "EIO", message } });
    return;
  }
  say({ listening: true });
}

function hear(family: Family, type: number, payload: Buffer): void {
  const { command, data } = familyMessage(payload);
  if (type === family.id) say({ event: { command, data } });
  else if (type === MessageType.CONTROL && tellsOfFamily(command, data))
    process.exit(HelperExit.FAMILY_CHANGED);
}

async function answer(
  socket: RequestSocket,
  family: Family,
  question: Extract<ToHelper, { ask: number }>,
): Promise<void> {
  const found = await socket.request(family.id, { ...question, version: FAMILY_VERSION });
  say({ answer: question.ask, ...found });
}

async function main(): Promise<void> {
  const socket = new RequestSocket(bufferBytes, startOver);
  const family = await resolveFamily(socket);
  if (!family) {
    giveUp({ code: "NOT_LOADED", message: `there is no netlink family ${FAMILY_NAME}` });
    return;
  }
  process.on("message", (message: ToHelper) => {
    if ("ask" in message) void answer(socket, family, message).catch(startOver);
    else if (message.listen) listen(family);
    else {
      stopListening?.();
      stopListening = undefined;
    }
  });
  say({ ready: true });
}

// Ctrl-C goes to the whole process group; when to end is the client's to say, by closing the channel.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit(HelperExit.DONE));
process.title = "livestack-netlink";

main().catch((error: NodeJS.ErrnoException) =>
  giveUp({ code: error.code ?? "EIO", message: error.message }),
);
