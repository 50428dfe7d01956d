// SPDX-License-Identifier: Apache-2.0

/** Lines of columns as wide as they need to be; numbers stand to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const right = head.map((_, column) =>
    rows.every((row) => /^(-|[\d.]+)$/.test(row[column] ?? "")),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [head, ...rows].map((cells) => `${line(cells)}\n`).join("");
}
