#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0

import { HELP, parseCommand } from "./arguments.js";
import { buildImage } from "./build.js";
import { cacheDir } from "./cache.js";
import { debianGuest } from "./debian.js";
import { ImageError } from "./errors.js";

const SIGNAL_STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

async function main(): Promise<number> {
  const abort = new AbortController();
  let signalStatus: number | undefined;
  for (const [name, status] of Object.entries(SIGNAL_STATUS)) {
    process.on(name, () => {
      signalStatus ??= status;
      abort.abort();
    });
  }
  const say = (line: string) => process.stderr.write(`image: ${line}\n`);
  try {
    const command = parseCommand(process.argv.slice(2));
    if (command.kind === "help") {
      process.stdout.write(HELP);
      return 0;
    }
    const options = { cacheDir: cacheDir(), log: say, signal: abort.signal };
    const result =
      command.kind === "build"
        ? (await buildImage(command.spec, options)).path
        : JSON.stringify(await debianGuest(command.spec, options), undefined, 2);
    process.stdout.write(`${result}\n`);
    return 0;
  } catch (error) {
    const known = ImageError.from(error);
    say(known.message);
    return known.code === "aborted" ? (signalStatus ?? known.exitStatus) : known.exitStatus;
  }
}

process.exitCode = await main();
