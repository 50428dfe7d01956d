// SPDX-License-Identifier: Apache-2.0
// node agent-process-for-test.js ROOT ARGUMENTS...: `livestack agent` in a process that a test can kill. Its
// kernel dies with it; a test makes the same session again in a kernel of its own.
import { processContext } from "../context.js";
import { runProgram } from "../program.js";
import { LiveKernel } from "../run/live-kernel-for-test.js";

const [root = "", ...args] = process.argv.slice(2);
const { openClient } = new LiveKernel();
const context = { ...processContext(), openClient, loadModules: async () => {}, root };
process.exitCode = await runProgram(["agent", ...args], context);
