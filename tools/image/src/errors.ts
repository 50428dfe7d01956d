// SPDX-License-Identifier: Apache-2.0
// Everything that can go wrong here has a code, and every code has one exit status of the command.

/** Exit status of `main.js` for each error; documented by `main.js --help`. */
export const EXIT_STATUS = {
  "build-failed": 1,
  "driver-missing": 1,
  usage: 2,
  "bad-package-name": 2,
  "bad-size": 2,
  "unknown-package": 2,
  "packages-conflict": 2,
  "image-too-small": 2,
  "not-debian": 3,
  "not-set-up": 3,
  "tool-missing": 3,
  "not-permitted": 3,
  "no-network": 3,
  "no-space": 3,
  aborted: 130,
} as const;

export type ImageErrorCode = keyof typeof EXIT_STATUS;

/** Thrown by everything in this package; `message` is one sentence that ends with the remedy. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ImageError";
    this.code = code;
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }

  static from(error: unknown): ImageError {
    if (error instanceof ImageError) return error;
    const cause = error instanceof Error ? error : new Error(String(error));
    if ("code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT")) {
      return new ImageError(
        "no-space",
        `The disk is full (${cause.message}): free some space or set XDG_CACHE_HOME to a larger disk.`,
        { cause },
      );
    }
    return new ImageError(
      "build-failed",
      `The image could not be built (${cause.message}): mend what is named there and run again.`,
      { cause },
    );
  }
}
