// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { SetupError, systemCode } from "./errors.js";

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env]
 * @property {string} [logFile] where output goes instead of being returned
 * @property {number | undefined} [lockFd] handed to the child, so that the lock outlives us while
 *   a child of ours still writes
 * @property {boolean} [finish] left to finish when we are told to stop: half an installation of
 *   Debian packages is worse than a late one
 */

/**
 * @typedef {object} Outcome
 * @property {number} status exit status, 128 + number for a signal
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * Children to take along when we are told to stop.
 * @type {Set<import("node:child_process").ChildProcess>}
 */
const children = new Set();

/** Kills what is still running; for signal handlers. */
export function stopChildren() {
  for (const child of children) child.kill("SIGTERM");
}

/**
 * Runs a command to its end without a shell and without input.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Outcome>}
 */
export function run(command, args, options = {}) {
  // A log file and not a pipe where a half-done change would hurt: should we be killed, apt-get
  // must not die of a broken pipe half-way.
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, "w");
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", log ?? "pipe", log ?? "pipe", options.lockFd ?? "ignore"],
    });
    if (options.finish !== true) children.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", (cause) => {
      children.delete(child);
      if (log !== undefined) closeSync(log);
      reject(notStarted(command, cause));
    });
    child.on("close", (code) => {
      children.delete(child);
      if (log !== undefined) closeSync(log);
      resolve({ status: code ?? 128, stdout, stderr });
    });
  });
}

/**
 * Runs a command that has to succeed.
 * @param {string} what the step, as a user knows it: "Unpacking linux-image-6.1"
 * @param {string} hint what to do when it fails
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} standard output
 */
export async function must(what, hint, command, args, options = {}) {
  const outcome = await run(command, args, options);
  if (outcome.status === 0) return outcome.stdout;
  const output =
    options.logFile === undefined ? outcome.stderr : await readFile(options.logFile, "utf8");
  const said = gist(output);
  throw new SetupError(
    "COMMAND_FAILED",
    `${what} failed (${command} ended with status ${outcome.status}${said && `: ${said}`})`,
    options.logFile === undefined ? hint : `${hint}; its output is in ${options.logFile}`,
  );
}

/**
 * The lines of a program's output that say why it failed: the first that it marks as errors, what
 * follows them being consequences and advice; else its last words.
 * @param {string} text
 * @returns {string} on one line
 */
export function gist(text) {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const full = lines.filter((line) => line !== "");
  const errors = full.filter((line) => /^(E:|npm (ERR!|error) \S|error:)/i.test(line));
  // tar says it first, and dpkg-deb after it only that tar failed.
  const noSpace = lines.find((line) => line.endsWith("No space left on device"));
  if (noSpace !== undefined) return noSpace;
  return (errors.length > 0 ? errors.slice(0, 3) : full.slice(-2)).join(" | ");
}

/**
 * @param {string} command
 * @param {unknown} cause
 * @returns {SetupError}
 */
function notStarted(command, cause) {
  const why = systemCode(cause) === "ENOENT" ? "is not in PATH" : `cannot be run (${cause})`;
  return new SetupError(
    "COMMAND_MISSING",
    `The program ${command} ${why}`,
    "install the Debian package it belongs to, or put its folder into PATH",
    { cause },
  );
}
