const [leftWidth, rightWidth] = [46, 51];

/** Two columns side by side within 100 characters. Long text continues in the next row. */
export function columns(left: string, right: string): string {
  const [lefts, rights] = [wrap(left, leftWidth), wrap(right, rightWidth)];
  const rows = Math.max(lefts.length, rights.length);
  return Array.from({ length: rows }, (_, row) =>
    `${(lefts[row] ?? "").padEnd(leftWidth)} | ${rights[row] ?? ""}`.trimEnd(),
  ).join("\n");
}

export const rule = `${"-".repeat(leftWidth + 1)}+${"-".repeat(rightWidth + 1)}`;

/** Breaks at spaces, and inside words that are wider than a row. Existing breaks stay. */
function wrap(text: string, width: number): readonly string[] {
  const rows: string[] = [];
  for (const line of text.split("\n")) {
    let rest = line;
    while (rest.length > width) {
      const space = rest.lastIndexOf(" ", width);
      const end = space > 0 ? space : width;
      rows.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    rows.push(rest);
  }
  return rows;
}
