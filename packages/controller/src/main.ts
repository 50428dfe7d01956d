// SPDX-License-Identifier: Apache-2.0
import { processContext } from "./context.js";
import { runProgram } from "./program.js";

// `livestack help | head -1`: the reader has had enough, which is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), processContext());
