// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { deriveSources, parseDeb822, parseOneLine, renderSource } from "../sources.js";

const render = (/** @type {import("../sources.js").Source} */ source) =>
  renderSource(source, () => "/cache/keys/0.asc");

t.test(
  "one-line sources are read with their options, comments and other types left out",
  async (t) => {
    const sources = parseOneLine(
      [
        "# deb http://a.invalid/x bookworm main",
        "deb http://m.invalid/debian bookworm main contrib # trailing",
        "deb-src http://m.invalid/debian bookworm main",
        "deb [arch=amd64 signed-by=/k/a.gpg,/k/b.gpg] mirror+file:/etc/m.list bookworm-updates main",
        "",
      ].join("\n"),
    );
    t.strictSame(sources, [
      {
        uri: "http://m.invalid/debian",
        suite: "bookworm",
        components: ["main", "contrib"],
        options: {},
      },
      {
        uri: "mirror+file:/etc/m.list",
        suite: "bookworm-updates",
        components: ["main"],
        options: { arch: "amd64", "signed-by": "/k/a.gpg /k/b.gpg" },
      },
    ]);
  },
);

t.test(
  "deb822 sources are read: several suites, comments inside, disabled ones left out",
  async (t) => {
    const sources = parseDeb822(
      [
        "Types: deb deb-src",
        "# a comment in the stanza",
        "URIs: http://m.invalid/debian http://n.invalid/debian",
        "Suites: bookworm",
        " bookworm-updates",
        "Components: main",
        "Signed-By: /k/debian.gpg",
        "",
        "Types: deb",
        "URIs: http://off.invalid/debian",
        "Suites: bookworm",
        "Components: main",
        "Enabled: no",
        "",
        "Types: deb-src",
        "URIs: http://src.invalid/debian",
        "Suites: bookworm",
        "Components: main",
      ].join("\n"),
    );
    t.strictSame(
      sources.map(({ uri, suite }) => `${uri} ${suite}`),
      [
        "http://m.invalid/debian bookworm",
        "http://m.invalid/debian bookworm-updates",
        "http://n.invalid/debian bookworm",
        "http://n.invalid/debian bookworm-updates",
      ],
    );
    t.strictSame(sources[0]?.options, { "signed-by": "/k/debian.gpg" });
  },
);

t.test("a key inside a source becomes a file that our source names", async (t) => {
  const [source] = parseDeb822(
    [
      "Types: deb",
      "URIs: http://m.invalid/debian",
      "Suites: bookworm",
      "Components: main",
      "Signed-By:",
      " -----BEGIN PGP PUBLIC KEY BLOCK-----",
      " .",
      " AAAA",
      " -----END PGP PUBLIC KEY BLOCK-----",
    ].join("\n"),
  );
  if (source === undefined) throw new Error("no source was read");
  const keys = [""];
  const line = renderSource(source, (key) => `/cache/keys/${keys.push(key) - 2}.asc`);
  t.equal(line, "deb [signed-by=/cache/keys/0.asc] http://m.invalid/debian bookworm main");
  t.match(keys[1], /^\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END/);
});

t.test("backports come from where the machine takes its release", async (t) => {
  const machine = parseOneLine(
    [
      "deb [signed-by=/k/a.gpg trusted=yes lang=de] http://m.invalid/debian bookworm main non-free",
      "deb http://s.invalid/debian-security bookworm-security main",
      "deb http://third.invalid/docker bookworm stable",
      "deb http://m.invalid/debian trixie main",
    ].join("\n"),
  );
  const { sources, security } = deriveSources(machine, "bookworm");
  t.strictSame(sources.map(render), [
    "deb [signed-by=/k/a.gpg trusted=yes] http://m.invalid/debian bookworm main",
    "deb http://s.invalid/debian-security bookworm-security main",
    "deb [signed-by=/k/a.gpg trusted=yes] http://m.invalid/debian bookworm-backports main",
  ]);
  t.equal(security, true);
});

t.test(
  "backports the machine has already are taken as they are, and nothing is doubled",
  async (t) => {
    const machine = parseOneLine(
      [
        "deb http://m.invalid/debian bookworm main",
        "deb http://m.invalid/debian/ bookworm main contrib",
        "deb http://b.invalid/debian bookworm-backports main",
      ].join("\n"),
    );
    const { sources, security } = deriveSources(machine, "bookworm");
    t.strictSame(
      sources.map(({ uri, suite }) => `${uri} ${suite}`),
      ["http://m.invalid/debian bookworm", "http://b.invalid/debian bookworm-backports"],
    );
    t.equal(security, false, "a missing security archive is told");
  },
);

t.test("without the release itself there is nothing to derive from", async (t) => {
  const machine = parseOneLine("deb http://s.invalid/debian-security bookworm-security main");
  t.strictSame(deriveSources(machine, "bookworm").sources, []);
});
