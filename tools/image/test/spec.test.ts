// SPDX-License-Identifier: Apache-2.0

import t from "tap";
import { debianGuest } from "#image/debian";
import { GUEST_RECIPE } from "#image/guest-recipe";
import { LAB_RECIPE } from "#image/lab-recipe";
import {
  type ImageKind,
  type ImageSpec,
  imageKey,
  parsePackages,
  parseSize,
  resolveSpec,
} from "#image/spec";

const key = (spec: ImageSpec, release = "bookworm") => imageKey(resolveSpec(spec), release);

t.test("names that Debian allows are accepted", async (t) => {
  for (const name of ["gcc", "g++", "libc6", "python3.11", "7zip", "libsigc++-2.0-0v5", "0ad"]) {
    t.same(parsePackages(name), [name]);
  }
});

t.test("names that apt or a shell would read as something else are refused", async (t) => {
  const bad = ["-o", "gcc-", "gcc=1", "gcc/stable", "/tmp/a.deb", "a b", "$(id)", "g*", "~n", "?x"];
  for (const name of [...bad, "Gcc", "a", "x;id", "a\nb", "", ".gcc", "gcc:i386", "é1"]) {
    t.throws(() => resolveSpec({ packages: [name] }), { code: "bad-package-name", exitStatus: 2 });
  }
  t.throws(() => parsePackages("gcc,,make"), { code: "bad-package-name" });
  t.throws(() => parsePackages("gcc, make"), { code: "bad-package-name" });
});

t.test("the key depends on the set of packages, not on how it is written", async (t) => {
  t.equal(key({ packages: ["make", "gcc"] }), key({ packages: ["gcc", "make", "gcc"] }));
  t.equal(key({ packages: [...LAB_RECIPE.packages] }), key({ packages: [] }));
  t.equal(key({ packages: [], size: 4 * 1024 ** 3 }), key({ packages: [] }));
  t.match(key({ packages: [] }), /^[0-9a-f]{20}$/);
});

t.test("the key differs where the image would", async (t) => {
  const keys = [
    key({ packages: [] }),
    key({ packages: ["gcc"] }),
    key({ packages: ["gcc", "make"] }),
    key({ packages: [], size: 5 * 1024 ** 3 }),
    key({ packages: [] }, "trixie"),
  ];
  t.equal(new Set(keys).size, keys.length);
});

t.test("the key of a guest follows from its recipe and from what is put over it", async (t) => {
  const guest = (inputs: string[], recipe = GUEST_RECIPE): ImageKind => ({
    name: "guest",
    recipe,
    overlay: { inputs, fill: () => t.fail("a key needs no content") },
  });
  const kinds = [
    guest(["agent-1", "6.12.1"]),
    guest(["agent-2", "6.12.1"]),
    guest(["agent-1", "6.12.2"]),
    guest([], LAB_RECIPE),
    guest(["agent-1", "6.12.1"], { ...GUEST_RECIPE, links: {} }),
    guest(["agent-1", "6.12.1"], { ...GUEST_RECIPE, files: GUEST_RECIPE.files.slice(1) }),
  ];
  const spec = resolveSpec({ packages: ["jq", "udev"] }, { recipe: GUEST_RECIPE });
  t.same(spec.packages, ["jq"], "what every guest has is not asked for twice");
  const keys = [imageKey(spec, "bookworm"), ...kinds.map((k) => imageKey(spec, "bookworm", k))];
  t.equal(new Set(keys).size, keys.length);
});

t.test("a guest with a wrong name or size is refused before anything is looked for", async (t) => {
  process.env.XDG_CACHE_HOME = t.testdir();
  await t.rejects(debianGuest({ packages: ["jq", "Gcc"] }), {
    code: "bad-package-name",
    message: /"Gcc"/,
  });
  await t.rejects(debianGuest({ size: 5 }), { code: "bad-size" });
  await t.rejects(debianGuest({ packages: ["jq"] }), { code: "not-set-up" });
});

t.test("sizes", async (t) => {
  t.equal(parseSize("4G"), 4 * 1024 ** 3);
  t.equal(parseSize("1536M"), 1536 * 1024 ** 2);
  t.equal(parseSize("2147483648"), 2 ** 31);
  for (const text of ["", "4g", "4GB", "-4G", "1.5G", "G", "4 G", "0x10", "1e9"]) {
    t.throws(() => parseSize(text), { code: "bad-size" }, JSON.stringify(text));
  }
  t.equal(resolveSpec({ packages: [], size: 2 ** 30 + 1 }).size, 2 ** 30 + 4096);
  for (const size of [0, 2 ** 30 - 1, 17 * 1024 ** 4, 2 ** 31 + 0.5, Number.NaN]) {
    t.throws(() => resolveSpec({ packages: [], size }), { code: "bad-size" }, String(size));
  }
});
