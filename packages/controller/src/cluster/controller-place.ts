// SPDX-License-Identifier: Apache-2.0
// Where a command line's controller is. Needs nothing that is slow to load: each command has these options.
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { Context } from "../context.js";

export const CONTROLLER_PORT = 7600;
const SOCKET = "run/livestack/controller.sock";

export interface ControllerPlace {
  controller?: string;
  ca?: string;
  certificate?: string;
  key?: string;
}

/** Gives a command the options by which it finds its controller, spelled the same everywhere. */
export function withController(command: Command): Command {
  return command
    .option("--controller <address>", "HOST:PORT or unix:PATH; LIVESTACK_CONTROLLER, else local")
    .option("--ca <file>", "whom to trust (~/.config/livestack/ca.crt)")
    .option("--certificate <file>", "the user's certificate (~/.config/livestack/user.crt)")
    .option("--key <file>", "the key of the user's certificate (~/.config/livestack/user.key)");
}

export function localSocket(root: string): string {
  return join(root, SOCKET);
}

export function controllerAddress({ controller }: ControllerPlace, context: Context): string {
  const { root, env } = context;
  return controller ?? env.LIVESTACK_CONTROLLER ?? `unix:${localSocket(root)}`;
}

export function userFiles(place: ControllerPlace, { env }: Pick<Context, "env">) {
  const folder = join(env.HOME ?? homedir(), ".config/livestack");
  return {
    ca: place.ca ?? join(folder, "ca.crt"),
    certificate: place.certificate ?? join(folder, "user.crt"),
    key: place.key ?? join(folder, "user.key"),
  };
}
