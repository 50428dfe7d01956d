// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { ERROR_STATUS } from "./exit-status.js";
import { LivestackError } from "./livestack-error.js";
import { errorText } from "./print-error.js";
import { programVersion } from "./program-version.js";
import { runForTest } from "./run-for-test.js";

const packageDir = fileURLToPath(new URL("../", import.meta.url));

test("help lists every command there is a file for", async (t) => {
  const { status, stdout, stderr } = await runForTest(["help"]);
  t.equal(status, 0);
  t.equal(stderr, "");
  const names = readdirSync(new URL("./commands/", import.meta.url))
    .filter((file) => /^[a-z-]+\.js$/.test(file) && file !== "index.js")
    .map((file) => file.replace(".js", ""));
  t.ok(names.includes("version"), "the files were found");
  for (const name of names) t.match(stdout, new RegExp(`^  ${name}\\b`, "m"), name);
  t.equal((await runForTest(["--help"])).stdout, stdout, "--help says the same");
});

test("help COMMAND describes that command", async (t) => {
  const { status, stdout } = await runForTest(["help", "version"]);
  t.equal(status, 0);
  t.match(stdout, /^Usage: livestack version/);
  t.match(stdout, "--output");
});

test("an unknown command ends with 2 and names the nearest", async (t) => {
  const { status, stdout, stderr } = await runForTest(["verison"]);
  t.equal(status, 2);
  t.equal(stdout, "");
  t.match(
    stderr,
    /^livestack: unknown command 'verison' \[UNKNOWN_COMMAND\]\nhint: did you mean version\?/,
  );
  t.match(stderr, "`livestack help`");
});

test("help about an unknown command ends with 2", async (t) => {
  const { status, stdout, stderr } = await runForTest(["help", "nosuch"]);
  t.equal(status, 2);
  t.equal(stdout, "");
  t.match(stderr, /^livestack: unknown command 'nosuch' \[UNKNOWN_COMMAND\]\nhint: /);
});

test("bad options and arguments end with 2 and one message", async (t) => {
  for (const args of [
    ["version", "-o", "xml"],
    ["version", "--nosuch"],
    ["version", "extra"],
  ]) {
    const { status, stdout, stderr } = await runForTest(args);
    t.equal(status, 2, args.join(" "));
    t.equal(stdout, "");
    t.match(stderr, /^livestack: .* \[USAGE\]\nhint: .*\n$/);
  }
});

test("no command ends with 2 and the help on standard error", async (t) => {
  const { status, stdout, stderr } = await runForTest([]);
  t.equal(status, 2);
  t.equal(stdout, "");
  t.match(stderr, /^Usage: livestack/);
});

test("--version is the version of the package", async (t) => {
  t.same(await runForTest(["--version"]), {
    status: 0,
    stdout: `${programVersion()}\n`,
    stderr: "",
  });
});

test("an error is printed with its place, cause and hint", async (t) => {
  const error = new LivestackError("USAGE", "no such key: imag", {
    place: "lab.yaml:6:14",
    hint: "did you mean image?",
    cause: new Error("not in the schema"),
  });
  t.equal(
    errorText(error),
    "livestack: lab.yaml:6:14: no such key: imag [USAGE]\n" +
      "cause: not in the schema\nhint: did you mean image?\n",
  );
});

test("what nobody foresaw is reported as a defect, with its stack", async (t) => {
  const error = LivestackError.from(new TypeError("x is undefined"));
  t.equal(error.code, "INTERNAL");
  t.equal(error.exitStatus, 1);
  t.match(error.message, /program\.test/);
});

test("bin/livestack.js runs the program", async (t) => {
  const script = join(packageDir, "bin/livestack.js");
  const good = spawnSync(process.execPath, [script, "--version"], { encoding: "utf8" });
  t.equal(good.stdout, `${programVersion()}\n`);
  t.equal(good.status, 0);
  const bad = spawnSync(process.execPath, [script, "nosuch"], { encoding: "utf8" });
  t.equal(bad.status, 2);
  t.match(bad.stderr, /^livestack: unknown command/);
});

test("bin/livestack.js of a checkout that is not built says how to build it", async (t) => {
  const dir = t.testdir({ "package.json": '{"type":"module"}' });
  cpSync(join(packageDir, "bin"), join(dir, "bin"), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, [join(dir, "bin/livestack.js")], {
    encoding: "utf8",
  });
  t.equal(status, ERROR_STATUS.NOT_BUILT);
  t.match(stderr, /\[NOT_BUILT\]\nhint: run /);
});
