// SPDX-License-Identifier: Apache-2.0
// The recipe as shell text for mmdebstrap's hooks, which run with the image's root folder as $1.
// Text and not script files, because in unshare mode a file in the cache need not be readable.

import type { Recipe } from "./recipe.js";

/** Marks a line of the build's output that names a package apt does not know. */
export const UNKNOWN_PACKAGE = "livestack-unknown-package:";

/** Carries the apt settings into the hook: a proxy's address may hold a password, and anyone can
 * read a command line. */
export const APT_OPTIONS_VARIABLE = "LIVESTACK_APT_OPTIONS";

const BUILD_APT_CONF = "/etc/apt/apt.conf.d/00livestack-build";

export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Before anything is downloaded: this machine's apt settings, then the package lists, then every
 * name is looked up, so that a wrong one costs seconds. mmdebstrap's own update is skipped for it.
 */
export function setupHook(packages: readonly string[]): string {
  const names = packages.map(shellQuote).join(" ");
  return `set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
printf %s "$${APT_OPTIONS_VARIABLE}" >"$1${BUILD_APT_CONF}"
apt-get update --error-on=any
unknown=
for name in ${names}; do
  # Its status is 0 for a virtual package too, but it shows nothing of one.
  test -n "$(apt-cache show --no-all-versions "$name" 2>/dev/null)" || {
    echo "${UNKNOWN_PACKAGE} $name"
    unknown=yes
  }
done
test -z "$unknown"
`;
}

/** After the packages are configured. */
export function customizeHook(recipe: Recipe): string {
  const lines = ["set -eu", 'cd "$1"', `rm -f .${BUILD_APT_CONF}`];
  for (const pattern of recipe.removed) lines.push(`rm -rf .${pattern}`);
  for (const path of recipe.directories) {
    lines.push(`mkdir -p ${path.startsWith("/root/") ? "-m 0700 " : ""}.${path}`);
  }
  for (const file of recipe.files) {
    const path = `.${file.path}`;
    lines.push(`mkdir -p "$(dirname ${path})"`, `rm -f ${path}`);
    lines.push(`printf %s ${shellQuote(file.content)} >${path}`);
    lines.push(`chmod ${file.mode ?? "0644"} ${path}`);
  }
  const masks = recipe.maskedUnits.map((unit) => [`/etc/systemd/system/${unit}`, "/dev/null"]);
  for (const [path, target] of [...masks, ...Object.entries(recipe.links)] as [string, string][]) {
    lines.push(`mkdir -p "$(dirname .${path})"`, `ln -sfn ${target} ${shellQuote(`.${path}`)}`);
  }
  // "*" is no password that anyone could type, and unlike "!" it does not lock the account, which
  // sshd would refuse even with a key where PAM is off.
  lines.push("chroot . usermod --password '*' root");
  return `${lines.join("\n")}\n`;
}
