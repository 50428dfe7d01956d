// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { withLock } from "../lock.js";
import { missingParts, readManifest, writeManifest } from "../manifest.js";
import { contentPath, installNpm, neededIntegrities, npmIsFresh, pingTrouble } from "../npm.js";
import { DEBIAN_PACKAGES } from "../packages.js";
import { cacheRoot } from "../paths.js";
import { isNewEnough, parseOsRelease } from "../preflight.js";
import { fillFolder, tidy } from "../unpack.js";
import { fakeCache, fakeHost } from "./fake-host.js";

t.test("the cache follows XDG, where a relative folder does not count", async (t) => {
  t.equal(cacheRoot({}, "/home/a"), "/home/a/.cache/livestack");
  t.equal(cacheRoot({ XDG_CACHE_HOME: "/c" }, "/home/a"), "/c/livestack");
  t.equal(cacheRoot({ XDG_CACHE_HOME: "c" }, "/home/a"), "/home/a/.cache/livestack");
});

t.test("parts are missing when the manifest or what it names is", async (t) => {
  const root = t.testdir();
  const file = path.join(root, "setup.json");
  t.strictSame(await missingParts(root, await readManifest(file)), [
    "6.1",
    "6.12",
    "qemu",
    "busybox",
  ]);
  await fakeCache(root);
  const manifest = await readManifest(file);
  t.strictSame(await missingParts(root, manifest), []);
  await rm(path.join(root, "kernels/6.12/boot"), { recursive: true });
  await rm(path.join(root, "qemu/10/usr/lib/qemu/virtiofsd"));
  t.strictSame(await missingParts(root, manifest), ["6.12", "qemu"]);
  await rm(path.join(root, "busybox/1.35/bin/busybox"));
  t.strictSame(await missingParts(root, manifest), ["6.12", "qemu", "busybox"]);
});

t.test("a manifest that is cut off, of another schema or shape counts as none", async (t) => {
  const file = path.join(t.testdir(), "setup.json");
  for (const text of [
    '{"schema":"livestack.setup/1","kern',
    '{"schema":"livestack.setup/2","kernels":{},"packages":{},"source":{}}',
    '{"schema":"livestack.setup/1","kernels":{"6.1":{}},"packages":{},"source":{}}',
    "null",
  ]) {
    await writeFile(file, text);
    t.strictSame((await readManifest(file)).kernels, {}, text);
  }
  const manifest = { ...(await readManifest(file)), packages: { a: "1" } };
  await writeManifest(file, manifest);
  t.strictSame(await readManifest(file), manifest);
});

t.test("a folder is filled whole or not at all, and leftovers of a killed run go", async (t) => {
  const parent = t.testdir({ ".unfinished-old": { half: "x" }, debug: { kept: "x" } });
  const dir = path.join(parent, "1.0");
  await t.rejects(
    fillFolder(dir, async (unfinished) => {
      await writeFile(path.join(unfinished, "a"), "");
      throw new Error("power cut");
    }),
  );
  t.strictSame((await readdir(parent)).sort(), ["debug"]);
  await fillFolder(dir, (unfinished) => writeFile(path.join(unfinished, "b"), ""));
  t.strictSame((await readdir(parent)).sort(), ["1.0", "debug"]);
  t.strictSame(await readdir(dir), ["b"]);
});

t.test("no unpacked file gives its owner's rights away", async (t) => {
  const tree = t.testdir({ usr: { bin: { passwd: "" }, share: { doc: { a: "" }, qemu: {} } } });
  const file = path.join(tree, "usr/bin/passwd");
  await chmod(file, 0o6755);
  await tidy(tree);
  t.equal((await stat(file)).mode & 0o7777, 0o755);
  t.strictSame(await readdir(path.join(tree, "usr/share")), ["qemu"]);
});

t.test("the lock admits one at a time and the other says for whom it waits", async (t) => {
  const file = path.join(t.testdir(), "lock");
  /** @type {string[]} */
  const events = [];
  /** @type {string[]} */
  const said = [];
  const note = (/** @type {string} */ line) => void said.push(line);
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  /** @type {Promise<unknown>} */
  let second = Promise.resolve();
  await withLock(file, note, async () => {
    second = withLock(
      file,
      (line) => {
        note(line);
        release();
      },
      async () => events.push("second"),
    );
    await held;
    events.push("first");
  });
  await second;
  t.strictSame(events, ["first", "second"]);
  t.equal(said.length, 1);
  t.match(
    said[0],
    new RegExp(`^Waiting for another set-up to finish: process ${process.pid}, since`),
  );
});

t.test("npm packages are fresh until package-lock.json changes", async (t) => {
  const dir = t.testdir();
  const programs = { npm: 'mkdir -p node_modules; echo "$@" > asked' };
  const { host } = await fakeHost(dir, { programs });
  host.env.PATH += ":/usr/bin:/bin";
  t.equal(await npmIsFresh(host), false);
  const how = { logFile: path.join(dir, "log"), lockFd: 0 };
  await installNpm(host, { ...how, offline: true });
  t.match(await readFile(path.join(host.checkout, "asked"), "utf8"), /^ci .*--offline$/m);
  t.equal(await npmIsFresh(host), true);
  await writeFile(path.join(host.checkout, "package-lock.json"), "{}");
  t.equal(await npmIsFresh(host), false);
});

t.test("npm's cache is asked for the packages of this platform only", async (t) => {
  const lock = {
    packages: {
      "": {},
      a: { integrity: "sha512-AA==" },
      b: { integrity: "sha512-AQ==", os: ["win32"] },
      c: { integrity: "sha512-Ag==", os: ["!win32"], cpu: ["x64"] },
      d: { integrity: "sha512-Aw==", os: ["!linux"] },
      e: { version: "1", os: ["linux"] },
    },
  };
  t.strictSame(neededIntegrities(lock, "linux", "x64"), ["sha512-AA==", "sha512-Ag=="]);
  const hash = Buffer.from("0011223344", "hex").toString("base64");
  t.equal(contentPath("/c", `sha512-${hash}`), "/c/sha512/00/11/223344");
});

t.test("a registry that answers, however, can be reached", async (t) => {
  t.equal(pingTrouble("npm error code E404\nnpm error 404 Not Found"), "");
  t.equal(pingTrouble("npm error code EAI_AGAIN\n"), "EAI_AGAIN");
  t.equal(pingTrouble("npm ERR! code SELF_SIGNED_CERT_IN_CHAIN"), "SELF_SIGNED_CERT_IN_CHAIN");
});

t.test("the machine is recognised", async (t) => {
  const release = parseOsRelease("# c\nPRETTY_NAME=\"Debian 12\"\nID=debian\nVERSION_ID='12'\n");
  t.strictSame(release, { PRETTY_NAME: "Debian 12", ID: "debian", VERSION_ID: "12" });
  t.strictSame(["18.20.4", "20.18.9", "20.19.0", "22.0.0"].map(isNewEnough), [
    false,
    false,
    true,
    true,
  ]);
});

t.test("every Debian package has a name, a reason, and is named once", async (t) => {
  const names = DEBIAN_PACKAGES.map(([name]) => name);
  t.equal(new Set(names).size, names.length);
  const odd = DEBIAN_PACKAGES.filter(
    ([name, reason]) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name) || reason.length < 5,
  );
  t.strictSame(odd, []);
});

t.test("a file that is in the way does not stop a fill", async (t) => {
  const parent = t.testdir({ "1.0": { stale: "" } });
  await mkdir(path.join(parent, "other"));
  await fillFolder(path.join(parent, "1.0"), (dir) => writeFile(path.join(dir, "new"), ""));
  t.strictSame(await readdir(path.join(parent, "1.0")), ["new"]);
});
