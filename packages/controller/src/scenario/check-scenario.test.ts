// SPDX-License-Identifier: Apache-2.0
// What is refused: each with its code and its place, and all of it at once.
import { test } from "tap";
import { errorsOf, ONE, placesOf } from "./scenario-for-test.js";

/** Of texts that stand where `web` of the right file is described. */
function placesOfComponent(text: string): string[] {
  return placesOf(`name: one\nsession: {duration: 1s}\ncomponents: {web: {${text}}}\n`);
}

test("a right file has no errors", async (t) => {
  t.same(placesOf(ONE), []);
  t.same(placesOf(`${ONE}x-anything: {at: [all]}\n`), []);
  t.same(placesOf(`\uFEFF${ONE}`), [], "with a byte order mark");
  t.same(placesOf(ONE.replaceAll("\n", "\r\n")), [], "with lines of Windows");
});

test("a file that is no scenario at all is refused in its first line", async (t) => {
  for (const text of ["", "# nothing\n", "~\n", "just text\n", "[1, 2]\n", "42\n"])
    t.match(placesOf(text), [/^1:\d WRONG_TYPE$/], JSON.stringify(text));
  t.same(placesOf("{}\n"), ["1:1 MISSING_KEY", "1:1 MISSING_KEY"]);
  t.same(placesOf(Buffer.from(ONE.replace("sleep", "\xff"), "latin1")), ["3:36 YAML_SYNTAX"]);
});

test("errors at the top of the file", async (t) => {
  const cases: [string, ...string[]][] = [
    ["nam: x\n", "4:1 UNKNOWN_KEY"],
    ["schema: livestack.scenario/2\n", "4:9 BAD_VALUE"],
    ["name: other\n", "4:1 DUPLICATE_KEY"],
    ["session: strict\n", "4:10 WRONG_TYPE"],
    ["session:\n", "4:9 WRONG_TYPE"],
    ["links:\n  a: b\n", "4:1 WRONG_TYPE"],
    ["__proto__: {}\n", "4:1 UNKNOWN_KEY"],
    ["session: {duration: 1s, duration: 2s}\n", "4:25 DUPLICATE_KEY"],
  ];
  for (const [text, ...places] of cases) t.same(placesOf(ONE + text), places, text);
  t.same(placesOf(ONE.replace("one", "''")), ["1:7 BAD_VALUE"]);
  t.same(placesOf(ONE.replace("one", "5")), ["1:7 WRONG_TYPE"]);
  t.same(placesOf(ONE.replace("one", "a/b")), ["1:7 BAD_VALUE"]);
  t.same(placesOf(ONE.replace("one", "n".repeat(63))), []);
  t.same(placesOf(ONE.replace("one", "n".repeat(64))), ["1:7 BAD_VALUE"]);
});

test("errors in the session", async (t) => {
  const cases: [string, ...string[]][] = [
    ["quantum: 999ns", "4:20 OUT_OF_RANGE"],
    ["quantum: 11s", "4:20 OUT_OF_RANGE"],
    ["quantum: -1ms", "4:20 OUT_OF_RANGE"],
    ["quantum: 1", "4:20 WRONG_TYPE"],
    ["quantum: '1'", "4:20 BAD_UNIT"],
    ["quantum: 1MB", "4:20 BAD_UNIT"],
    ["quantum: 1000.5ns", "4:20 INEXACT"],
    ["quantum: Auto", "4:20 BAD_VALUE"],
    ["mode: loose", "4:17 BAD_VALUE"],
    ["mode: 1", "4:17 BAD_VALUE"],
    ["on_loss: stop", "4:20 BAD_VALUE"],
    ["on_overshoot: pauze", "4:25 BAD_VALUE"],
    ["exact: yes", "4:18 WRONG_TYPE"],
    ["epoch: 2026-02-30T00:00:00Z", "4:18 BAD_VALUE"],
    ["epoch: 1969-12-31T00:00:00Z", "4:18 OUT_OF_RANGE"],
    ["duration: 0s", "4:21 OUT_OF_RANGE"],
    ["duration: 2502h", "4:21 OUT_OF_RANGE"],
    ["end: never", "4:16 BAD_VALUE"],
    ["end: duration", "4:1 MISSING_KEY"],
    ["quantm: 1ms", "4:11 UNKNOWN_KEY"],
  ];
  for (const [text, ...places] of cases)
    t.same(placesOf(`${ONE}session: {${text}}\n`), places, text);
});

test("errors in a component", async (t) => {
  const cases: [string, ...string[]][] = [
    ["kind: live", "3:14 MISSING_KEY"],
    ["image: builtin:tiny, kind: alive", "3:47 BAD_VALUE"],
    ["kind: remote", "3:26 BAD_VALUE"],
    ["image: builtin:tyni", "3:27 BAD_VALUE"],
    ["image: 3", "3:27 BAD_VALUE"],
    ["image: [a]", "3:20 BAD_VALUE"],
    ["image: {}", "3:20 BAD_VALUE"],
    ["image: {kernl: a}", "3:28 UNKNOWN_KEY"],
    ["image: {kernel: 5}", "3:36 WRONG_TYPE"],
    ["image: {initrd: a}", "3:20 MISSING_KEY", "3:36 NO_SUCH_FILE"],
    ["image: {disk: a, format: vdi}", "3:34 NO_SUCH_FILE", "3:45 BAD_VALUE"],
    ["image: {disk: a, kernel: b}", "3:28 UNKNOWN_KEY", "3:34 NO_SUCH_FILE", "3:45 NO_SUCH_FILE"],
    ["image: builtin:tiny, packages: [fio]", "3:41 BAD_VALUE"],
    ["image: builtin:debian, packages: [fio=3]", "3:54 BAD_VALUE"],
    ["image: builtin:tiny, vcpus: 0", "3:48 OUT_OF_RANGE"],
    ["image: builtin:tiny, vcpus: 256", "3:48 OUT_OF_RANGE"],
    ["image: builtin:tiny, vcpus: 1.5", "3:48 WRONG_TYPE"],
    ["image: builtin:tiny, vcpus: .nan", "3:48 WRONG_TYPE"],
    ["image: builtin:tiny, vcpus: 1e99", "3:48 OUT_OF_RANGE"],
    ["image: builtin:tiny, memory: 63MiB", "3:49 OUT_OF_RANGE"],
    ["image: builtin:tiny, memory: 64.5MiB", "3:49 OUT_OF_RANGE"],
    ["image: builtin:tiny, memory: 512MB", "3:49 BAD_UNIT"],
    ["image: builtin:tiny, disks: [{}]", "3:49 MISSING_KEY"],
    ["image: builtin:tiny, disks: [1GiB]", "3:49 WRONG_TYPE"],
    [`image: builtin:tiny, disks: [${"{size: 1MiB}, ".repeat(17)}]`, "3:41 OUT_OF_RANGE"],
    ["image: builtin:tiny, disk: {latency: 5ms}", "3:41 BAD_VALUE"],
    ["image: builtin:debian, disk: {}", "3:43 MISSING_KEY"],
    ["image: builtin:debian, disk: {latency: 5}", "3:59 WRONG_TYPE"],
    ["image: builtin:debian, disk: {latency: 2h}", "3:59 OUT_OF_RANGE"],
    ["image: builtin:debian, disk: {latency: 5ms, rate: 100MB}", "3:70 BAD_UNIT"],
    ["image: builtin:debian, disk: {latency: 5ms, iops: 7}", "3:64 UNKNOWN_KEY"],
    ["image: {disk: a}, disk: {latency: 5ms}", "3:34 NO_SUCH_FILE", "3:38 BAD_VALUE"],
    ["image: builtin:tiny, files: [{to: /a}]", "3:49 MISSING_KEY"],
    ["image: builtin:tiny, files: [{from: a, to: b}]", "3:56 NO_SUCH_FILE", "3:63 BAD_VALUE"],
    ["image: builtin:tiny, run: sleep 1", "3:46 WRONG_TYPE"],
    ["image: builtin:tiny, run: ['']", "3:47 BAD_VALUE"],
    ['image: builtin:tiny, setup: ["a\\0b"]', "3:49 BAD_VALUE"],
    ["image: builtin:tiny, ready: true", "3:48 WRONG_TYPE"],
    ["image: builtin:tiny, collect: [out]", "3:51 BAD_VALUE"],
    ["image: builtin:tiny, command: [a]", "3:41 UNKNOWN_KEY"],
    ["kind: model", "3:14 MISSING_KEY"],
    ["kind: model, command: []", "3:33 OUT_OF_RANGE"],
    ["kind: model, command: sleep 1", "3:42 WRONG_TYPE"],
    ["kind: model, command: [a], image: builtin:tiny", "3:47 UNKNOWN_KEY"],
  ];
  for (const [text, ...places] of cases) t.same(placesOfComponent(text), places, text);
});

test("each modelled disk is one of the links that a session has at most", async (t) => {
  const disks = `[${"{size: 1MiB}, ".repeat(16)}]`;
  const guest = `image: builtin:tiny, run: [a], disks: ${disks}, disk: {latency: 5ms}`;
  const components = (count: number) =>
    Array.from({ length: count }, (_, index) => `  c${index}: {${guest}}\n`).join("");
  const file = (count: number) => `name: one\ncomponents:\n${components(count)}`;
  t.same(placesOf(file(256)), []);
  t.same(placesOf(file(257)), ["2:1 OUT_OF_RANGE"]);
});

test("errors in the names and number of components", async (t) => {
  const named = (name: string) =>
    placesOf(`name: x\ncomponents:\n  ${name}: {image: 1, run: [a]}\n`);
  for (const name of ["a/b", "-a", "a b", "''", `${"n".repeat(64)}`, "ü"])
    t.match(
      named(name),
      ["3:3 BAD_VALUE", /^3:\d+ BAD_VALUE$/],
      `${name}: what is in it is checked`,
    );
  t.same(named("__proto__"), ["3:3 BAD_VALUE"]);
  t.match(named("1"), [/BAD_VALUE/], "a number is a name");
  t.same(placesOf("name: x\ncomponents: {}\n"), ["2:1 MISSING_KEY"]);
  t.same(placesOf("name: x\ncomponents:\n"), ["2:12 WRONG_TYPE"]);
  t.same(placesOf("name: x\ncomponents: [a]\n"), ["2:1 WRONG_TYPE"]);
});

test("a session that nothing ends is refused", async (t) => {
  const text = "name: x\ncomponents: {web: {image: builtin:tiny}}\n";
  t.same(placesOf(text), ["1:1 NEVER_ENDS"]);
  t.same(placesOf(`${text}session: {mode: free}\n`), ["3:1 NEVER_ENDS"]);
  t.same(placesOf(`${text}session: {duration: 1s}\n`), []);
  t.same(placesOf("name: x\ncomponents: {m: {kind: model, command: [a]}}\n"), []);
});

test("errors in links", async (t) => {
  const db = "  db: {kind: model, command: [db]}\n";
  const cases: [string, ...string[]][] = [
    ["{endpoints: [web, db], latency: 1ms}"],
    ["{endpoints: [web, db]}", "6:5 MISSING_KEY"],
    ["{latency: 1ms}", "6:5 MISSING_KEY"],
    ["{endpoints: [web], latency: 1ms}", "6:6 OUT_OF_RANGE"],
    ["{endpoints: [web, db, db], latency: 1ms}", "6:6 OUT_OF_RANGE"],
    ["{endpoints: [web, dbb], latency: 1ms}", "6:23 UNKNOWN_COMPONENT"],
    ["{endpoints: [x, y], latency: 1ms}", "6:18 UNKNOWN_COMPONENT", "6:21 UNKNOWN_COMPONENT"],
    [
      "{endpoints: [x, x], latency: 0.1ns}",
      "6:6 BAD_VALUE",
      "6:18 UNKNOWN_COMPONENT",
      "6:21 UNKNOWN_COMPONENT",
      "6:34 INEXACT",
    ],
    ["{endpoints: ['web:eth0', db], latency: 1ms}"],
    ["{endpoints: ['web:eth16', db], latency: 1ms}", "6:18 BAD_VALUE"],
    ["{endpoints: [web, 'db:eth0'], latency: 1ms}", "6:23 BAD_VALUE"],
    ["{endpoints: ['web:eth0', 'web:eth1'], latency: 1ms}", "6:6 BAD_VALUE"],
    [
      "{endpoints: ['web:eth0', db], latency: 1ms}\n  - {name: x, endpoints: [db, 'web:eth0'], latency: 1ms}",
      "7:31 DUPLICATE_NAME",
    ],
    ["{endpoints: [web, web], latency: 1ms}", "6:6 BAD_VALUE"],
    ["{endpoints: [web, db], latency: 3601s}", "6:37 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 0ns}", "6:37 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, back: {latency: 1ns}}", "6:37 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, back: 2ms}", "6:48 WRONG_TYPE"],
    ["{endpoints: [web, db], latency: 1ms, queue: 127KiB}", "6:49 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, queue: 257MiB}", "6:49 OUT_OF_RANGE"],
    [
      "{endpoints: [web, db], latency: 1ms, rate: 5Mbit, jitter: 1us, loss: 0.5%, mtu: 9000, limit: {bytes: 64KiB}}",
    ],
    ["{endpoints: [web, db], latency: 1ms, rate: 0bit}", "6:48 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, rate: 5MB}", "6:48 BAD_UNIT"],
    ["{endpoints: [web, db], latency: 1ms, loss: 101%}", "6:48 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, loss: 0.00001%}", "6:48 INEXACT"],
    ["{endpoints: [web, db], latency: 1ms, loss: 0.5}", "6:48 WRONG_TYPE"],
    ["{endpoints: [web, db], latency: 1ms, mtu: 67}", "6:47 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, jitter: -1ms}", "6:50 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, seed: -1}", "6:48 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, limit: {packets: 0}}", "6:59 OUT_OF_RANGE"],
    ["{endpoints: [web, db], latency: 1ms, addresses: [10.0.0.1/24]}", "6:42 OUT_OF_RANGE"],
    [
      "{endpoints: [web, db], latency: 1ms, addresses: [10.0.0.256/24, 10.0.0.1]}",
      "6:54 BAD_VALUE",
      "6:69 BAD_VALUE",
    ],
    [
      "{endpoints: [web, db], latency: 1ms, addresses: [10.0.0.1/24, 10.0.0.1/24]}",
      "6:42 DUPLICATE_NAME",
    ],
    [
      "{endpoints: [web, db], latency: 1ms}\n  - {endpoints: [web, db], latency: 1ms}",
      "7:5 DUPLICATE_NAME",
    ],
    [
      "{endpoints: [web, db], latency: 1ms}\n  - {endpoints: [db, web], latency: 1ms, name: web-db}",
      "7:48 DUPLICATE_NAME",
    ],
  ];
  for (const [text, ...places] of cases)
    t.same(placesOf(`${ONE}${db}links:\n  - ${text}\n`), places, text);
});

test("a link that cannot be is refused in words that say what can", async (t) => {
  const db = "  db: {kind: model, command: [db]}\n";
  const cases: [string, string, string][] = [
    ["endpoints: [web, db], latency: -1ms", "latency: -1ms is out of range", "from 0ns to 1h"],
    ["endpoints: [web, db], latency: 61min", "latency: 61min is out of range", "from 0ns to 1h"],
    ["endpoints: [web, db], latency: 1", "latency: takes text", "10ms"],
    [
      "endpoints: [web, db], latency: 1ms, back: {latency: -1ns}",
      "back.latency: -1ns is out of range",
      "from 0ns to 1h",
    ],
    ["endpoints: [web, db], latency: 1ms, rate: 0bit", "rate: 0bit is out", "from 1bit to 1Tbit"],
    ["endpoints: [web, db], latency: 1ms, rate: 2Tbit", "rate: 2Tbit is out", "from 1bit to 1Tbit"],
    ["endpoints: [web, db], latency: 1ms, jitter: 2h", "jitter: 2h is out", "from 0ns to 1h"],
    ["endpoints: [web, db], latency: 1ms, loss: 101%", "loss: 101% is out", "from 0ppm to 100%"],
    ["endpoints: [web, db], latency: 1ms, limit: {bytes: 0B}", "bytes: 0B is out", "from 1B to"],
    ["endpoints: [web, web], latency: 1ms", 'from "web" back to itself', "two different"],
    ["endpoints: [web, 'db:eth0'], latency: 1ms", "no network interfaces", "write db"],
  ];
  for (const [text, message, hint] of cases) {
    const errors = errorsOf(`${ONE}${db}links:\n  - {${text}}\n`);
    t.equal(errors.length, 1, text);
    t.match(errors[0]?.message, message);
    t.match(errors[0]?.hint, hint);
  }
});

test("the error names the link that limits the windows of a strict session", async (t) => {
  const more = "  db: {kind: model, command: [db]}\nlinks:\n";
  const near = "  - {endpoints: [web, db], latency: 2ms, back: {latency: 500us}}\n";
  const far = "  - {name: far, endpoints: [web, db], latency: 9ms}\n";
  const errors = errorsOf(`${ONE}${more}${far}${near}session: {quantum: 1ms}\n`);
  t.match(errors, [{ code: "QUANTUM_TOO_LONG", line: 8, column: 20 }]);
  t.match(errors[0]?.message, "1ms are longer than the lookahead");
  t.match(errors[0]?.message, "the shortest latency is 500us, of link web-db");
  t.match(errors[0]?.hint, "500us or less");
});

test("what a file names has to be there, and to be a file", async (t) => {
  const folder = t.testdir({ kernel: "", dir: {} });
  const image = (text: string) =>
    placesOf(`name: x\ncomponents: {a: {run: [b], image: ${text}}}\n`, folder);
  t.same(image("{kernel: kernel}"), []);
  t.same(image("{kernel: ./dir/../kernel}"), []);
  t.same(image(`{kernel: ${folder}/kernel}`), []);
  t.same(image("{kernel: nosuch}"), ["2:44 NO_SUCH_FILE"]);
  t.same(image("{kernel: dir}"), ["2:44 NO_SUCH_FILE"]);
  t.same(image("{kernel: kernel/below}"), ["2:44 NO_SUCH_FILE"]);
  t.same(image(`{kernel: ${"n".repeat(300)}}`), ["2:44 NO_SUCH_FILE"]);
});

test("all errors of a file are reported, in its order, those behind an anchor once", async (t) => {
  const text = [
    "name: all",
    "session: {quantum: 20ms, mode: strict}",
    "x-guest: &guest {image: builtin:tiny, vcpus: '2', mem: 1}",
    "components:",
    "  a: *guest",
    "  b: {<<: *guest, run: sleep}",
    "  c: {kind: model, command: [x]}",
    "links:",
    "  - {endpoints: [a, d], latency: 10ms}",
  ].join("\n");
  t.same(placesOf(text), [
    "2:20 QUANTUM_TOO_LONG",
    "3:46 WRONG_TYPE",
    "3:51 UNKNOWN_KEY",
    "6:24 WRONG_TYPE",
    "9:21 UNKNOWN_COMPONENT",
  ]);
});

test("an error says how to mend it", async (t) => {
  const hint = (text: string) => errorsOf(text)[0]?.hint ?? "";
  const cases: [string, string | RegExp][] = [
    [`${ONE}sesion: {}\n`, "did you mean session?"],
    [`${ONE}quantum: 1ms\n`, "quantum is a key of session"],
    [`${ONE}session: {mode: strit}\n`, "did you mean strict?"],
    [`${ONE}session: {mode: loose}\n`, "take one of strict, relaxed, free"],
    [`${ONE}session: {quantum: 5}\n`, "write it, as in 1ms"],
    [`${ONE}session: {epoch: today}\n`, /2026-01-01T00:00:00Z/],
    [ONE.replace("[sleep 1]", "sleep 1"), 'write it, as in ["ping -c 3 10.0.0.2"]'],
    [ONE.replace("run", "disks: 1GiB, run"), 'write it, as in [{"size":"1GiB"}]'],
    [`${ONE}session: {exact: 1}\n`, "write it, as in false"],
    [`${ONE}session: strict\n`, /^write it$/],
    [ONE.replace("image", "imag"), /image: builtin:tiny/],
    [ONE.replace("tiny", "tniy"), "did you mean builtin:tiny?"],
    [ONE.replace("run", "mem: 1, run"), "did you mean memory?"],
    [ONE.replace("run", "command: [a], run"), "command is for components of kind: model"],
    [
      ONE.replace("run", "files: [{from: /etc/hostname, to: /x, mode: 755}], run"),
      'write it, as in "0755"',
    ],
    ["name: x\ncomponents: {m: {kind: model}}\n", 'add it, as in command: ["node","model.js"]'],
    [
      `${ONE}  db: {kind: model, command: [a]}\nlinks: [{endpoints: [web, bd], latency: 1s}]\n`,
      "did you mean db?",
    ],
  ];
  for (const [text, expected] of cases) t.match(hint(text), expected, text);
});

test("what a file holds cannot harm a terminal", async (t) => {
  const [error] = errorsOf(`${ONE}session: {mode: "\\e[2J\\x9b\\u2028${"x".repeat(1000)}"}\n`);
  t.match(error?.message, /^session\.mode: "/);
  t.notMatch(error?.message, /\p{Cc}/u);
  t.ok((error?.message.length ?? 0) < 200, "and a long one is cut");
});
