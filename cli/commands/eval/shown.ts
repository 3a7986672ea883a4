/** Returns figures as one JSON line, or as lines for people. */
export function shown(figures: object, { json }: { readonly json?: true }): string {
  return json === true ? JSON.stringify(figures) : lines(figures, "").join("\n");
}

function lines(figures: object, indent: string): readonly string[] {
  return Object.entries(figures).flatMap(([name, value]: [string, unknown]) => {
    if (value === undefined) return [];
    const label = `${indent}${name.replace(/([a-z])([A-Z0-9])/g, "$1 $2").toLowerCase()}`;
    if (Array.isArray(value)) return listed(label, value as readonly unknown[], indent);
    if (typeof value === "object" && value !== null)
      return [`${label}:`, ...lines(value, `${indent}  `)];
    return [`${label}: ${JSON.stringify(value)}`];
  });
}

function listed(label: string, values: readonly unknown[], indent: string): readonly string[] {
  const isTable = values.some((value) => typeof value === "object");
  if (!isTable) return [`${label}: ${values.length === 0 ? "none" : values.join(", ")}`];
  return [`${label}:`, ...values.map((value) => `${indent}  ${cells(value as object)}`)];
}

const cells = (row: object): string =>
  Object.entries(row)
    .map(([name, value]: [string, unknown]) =>
      typeof value === "object" && value !== null
        ? `${name} (${cells(value)})`
        : `${name} ${String(value)}`,
    )
    .join("  ");
