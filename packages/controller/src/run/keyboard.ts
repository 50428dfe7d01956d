// SPDX-License-Identifier: Apache-2.0
import { connect } from "node:net";
import type { ReadStream } from "node:tty";
import type { Context } from "../context.js";

/** Ctrl-], as telnet has it. */
const LEAVE = 0x1d;

export interface Keyboard {
  /** Ctrl-] was typed */
  readonly isLeft: boolean;
  close(): void;
}

/** Sends what is typed to a guest's console; does nothing where standard input is no terminal. */
export function openKeyboard(path: string, { stderr }: Pick<Context, "stderr">): Keyboard {
  const stdin: ReadStream = process.stdin;
  if (!stdin.isTTY) return { isLeft: false, close: () => {} };
  let isLeft = false;
  const socket = connect(path);
  socket.on("error", () =>
    stderr.write("livestack: nothing can be typed here: no console socket\r\n"),
  );
  // The file shows it.
  socket.resume();
  stdin.setRawMode(true);
  stderr.write("livestack: Ctrl-] leaves\r\n");
  const type = (keys: Buffer) => {
    if (keys.includes(LEAVE)) isLeft = true;
    else socket.write(keys);
  };
  stdin.on("data", type);
  return {
    get isLeft() {
      return isLeft;
    },
    close: () => {
      stdin.off("data", type);
      stdin.setRawMode(false);
      stdin.pause();
      socket.destroy();
    },
  };
}
