/** Returns the value below which `share` (0 to 1) of the sorted values lie. */
function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function latencyOf(samples: readonly number[]): Latency {
  const sorted = Float64Array.from(samples).toSorted();
  return { p50Ms: round(percentile(sorted, 0.5), 2), p99Ms: round(percentile(sorted, 0.99), 2) };
}

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** Returns the middle value of several rounds. */
export const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** Combines the figures of several rounds. Each number is the median of its own values. */
export function medianOf<T extends object>(rounds: readonly T[]): T {
  const [first] = rounds;
  if (first === undefined) throw new Error("no rounds");
  const merged = Object.entries(first).map(([name, value]: [string, unknown]) => {
    const all = rounds.map((each) => (each as Record<string, unknown>)[name]);
    return [name, typeof value === "number" ? median(all as number[]) : medianOf(all as object[])];
  });
  return Object.fromEntries(merged) as T;
}
