// SPDX-License-Identifier: Apache-2.0
import { EXIT, NotReadyError, SetupError, systemCode } from "./errors.js";
import { fetchPackage } from "./fetch.js";
import { HELP, parseOptions } from "./options.js";
import { setUp } from "./setup.js";

/**
 * @param {readonly string[]} args
 * @param {import("./host.js").Host} host
 * @returns {Promise<number>} exit status
 */
export async function cli(args, host) {
  const options = parseOptions(args);
  if (typeof options === "string") {
    host.say(`${options}: see node tools/setup --help.`);
    return EXIT.usage;
  }
  if (options.help) {
    host.print(HELP.trimEnd());
    return EXIT.ok;
  }
  try {
    if (options.fetch === undefined) await setUp(options, host);
    else host.print(await fetchPackage(options.fetch, host));
    return EXIT.ok;
  } catch (error) {
    return tell(error, host);
  }
}

/** What the system refuses a file, and what a user does about it. */
const FILE_HINTS = Object.freeze({
  ENOSPC: "free some space on that file system and run the set-up again",
  EDQUOT: "free some of your disk quota and run the set-up again",
  EACCES: "change its owner to yours and run the set-up again",
  EPERM: "change its owner to yours and run the set-up again",
  EROFS: "use a folder on a file system that can be written",
});

/**
 * @param {unknown} error
 * @param {import("./host.js").Host} host
 * @returns {number} exit status
 */
function tell(error, host) {
  if (error instanceof NotReadyError) {
    host.say("Set-up cannot begin, and has changed nothing:");
    for (const problem of error.problems) host.say(`  - ${problem}`);
    return EXIT.missing;
  }
  const code = systemCode(error);
  if (error instanceof SetupError) host.say(error.sentence);
  else if (error instanceof Error && code in FILE_HINTS) {
    const hint = FILE_HINTS[/** @type {keyof typeof FILE_HINTS} */ (code)];
    host.say(`Set-up stopped (${error.message}): ${hint}.`);
  } else throw error;
  return EXIT.failed;
}
