// SPDX-License-Identifier: Apache-2.0
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { ExitStatus, LabError } from "./errors.js";

interface Reply {
  return?: unknown;
  error?: { class: string; desc: string };
}

/**
 * Says one thing to a QEMU and returns its answer.
 * @param path QEMU's QMP socket, which serves one client at a time
 */
export async function qmp(path: string, execute: string, args: object = {}): Promise<unknown> {
  const socket = connect(path);
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    await lines.next(); // the greeting
    await ask(lines, socket, { execute: "qmp_capabilities" });
    return await ask(lines, socket, { execute, arguments: args });
  } finally {
    socket.destroy();
  }
}

async function ask(
  lines: AsyncIterator<string>,
  socket: NodeJS.WritableStream,
  request: { execute: string; arguments?: object },
): Promise<unknown> {
  socket.write(`${JSON.stringify(request)}\n`);
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new LabError(ExitStatus.HOST_GONE, `${request.execute}: QEMU has ended`);
    const reply = JSON.parse(value) as Reply;
    if (reply.error)
      throw new LabError(ExitStatus.FAILED, `${request.execute}: ${reply.error.desc}`);
    if ("return" in reply) return reply.return; // what is neither is an event
  }
}
