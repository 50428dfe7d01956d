// SPDX-License-Identifier: Apache-2.0
// Reads the machine's apt sources, in both formats of sources.list(5), and derives ours from them.

/**
 * One (archive, suite) pair.
 * @typedef {object} Source
 * @property {string} uri
 * @property {string} suite
 * @property {string[]} components
 * @property {Record<string, string>} options lower-case name -> value, e.g. "signed-by"
 */

/**
 * @param {string} text a *.list file
 * @returns {Source[]}
 */
export function parseOneLine(text) {
  /** @type {Source[]} */
  const sources = [];
  for (const raw of text.split("\n")) {
    const line = raw.replace(/#.*/, "").trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null) continue;
    const [, options = "", uri = "", suite = "", components = ""] = match;
    sources.push({ uri, suite, components: words(components), options: bracketOptions(options) });
  }
  return sources;
}

/**
 * @param {string} text a *.sources file
 * @returns {Source[]}
 */
export function parseDeb822(text) {
  /** @type {Source[]} */
  const sources = [];
  for (const fields of stanzas(text)) {
    const enabled = !/^(no|false|0|off|without|disable)$/i.test(fields.enabled?.trim() ?? "yes");
    if (!enabled || !words(fields.types ?? "").includes("deb")) continue;
    const { types: _t, uris = "", suites = "", components = "", enabled: _e, ...rest } = fields;
    for (const uri of words(uris)) {
      for (const suite of words(suites)) {
        sources.push({ uri, suite, components: words(components), options: rest });
      }
    }
  }
  return sources;
}

/**
 * @typedef {object} Derived
 * @property {Source[]} sources ours; empty when the machine names no archive of its release
 * @property {boolean} security whether the security archive is among them
 */

/**
 * Debian's own archive as the machine knows it, and backports from the same places.
 * @param {readonly Source[]} machine
 * @param {string} codename
 * @returns {Derived}
 */
export function deriveSources(machine, codename) {
  const own = [codename, `${codename}-updates`, `${codename}-security`, `${codename}-backports`];
  const usable = machine.filter((s) => own.includes(s.suite) && s.components.includes("main"));
  const sources = usable.map((s) => ({ ...s, components: ["main"] }));
  const has = (/** @type {string} */ suite) => sources.some((s) => s.suite === suite);
  if (!has(`${codename}-backports`)) {
    for (const base of sources.filter((s) => s.suite === codename)) {
      sources.push({ ...base, suite: `${codename}-backports` });
    }
  }
  return {
    sources: has(codename) ? unique(sources) : [],
    security: has(`${codename}-security`),
  };
}

/** Options that say how an archive is trusted and reached; others (languages, targets) are not ours. */
const KEPT_OPTIONS = ["signed-by", "trusted", "check-valid-until", "check-date", "by-hash"];

/**
 * @param {Source} source
 * @param {(key: string) => string} keyFile stores a key given inside the source, returns its path
 * @returns {string} a line of sources.list(5)
 */
export function renderSource(source, keyFile) {
  const options = KEPT_OPTIONS.flatMap((name) => {
    const value = source.options[name];
    if (value === undefined) return [];
    const isKey = name === "signed-by" && value.includes("BEGIN PGP");
    return [`${name}=${isKey ? keyFile(value) : words(value).join(",")}`];
  });
  const bracket = options.length > 0 ? `[${options.join(" ")}] ` : "";
  return `deb ${bracket}${source.uri} ${source.suite} ${source.components.join(" ")}`;
}

/**
 * @param {string} text
 * @returns {string[]}
 */
function words(text) {
  return text.split(/\s+/).filter((word) => word !== "");
}

/**
 * @param {string} text inside of [ ]
 * @returns {Record<string, string>}
 */
function bracketOptions(text) {
  return Object.fromEntries(
    words(text).map((word) => {
      const [name = "", ...value] = word.split("=");
      return [name.toLowerCase().replace(/[+-]$/, ""), value.join("=").replaceAll(",", " ")];
    }),
  );
}

/**
 * @param {string} text
 * @returns {Record<string, string>[]}
 */
function stanzas(text) {
  /** @type {Record<string, string>[]} */
  const all = [];
  /** @type {Record<string, string>} */
  let current = {};
  let last = "";
  for (const line of [...text.split("\n"), ""]) {
    if (line.startsWith("#")) continue;
    const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (field !== null) {
      last = (field[1] ?? "").toLowerCase();
      current[last] = field[2] ?? "";
    } else if (/^\s+\S/.test(line) && last !== "") {
      // " ." stands for an empty line inside a field: keys have one after their head.
      current[last] += `\n${line.trim() === "." ? "" : line.trim()}`;
    } else if (line.trim() === "") {
      if (Object.keys(current).length > 0) all.push(current);
      current = {};
      last = "";
    }
  }
  return all;
}

/**
 * @param {Source[]} sources
 * @returns {Source[]}
 */
function unique(sources) {
  /** @type {Map<string, Source>} */
  const seen = new Map();
  for (const source of sources) {
    const key = `${source.uri.replace(/\/+$/, "")} ${source.suite}`;
    if (!seen.has(key)) seen.set(key, source);
  }
  return [...seen.values()];
}
