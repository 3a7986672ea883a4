import { Counter, Gauge, type Registry } from "prom-client";

/**
 * Registers a gauge whose value is already known. It is read at scrape time and costs nothing in
 * between.
 */
export function gaugeOf(
  registry: Registry,
  name: string,
  help: string,
  source:
    | { readonly read: () => number }
    | { readonly label: string; readonly read: () => Readonly<Record<string, number>> },
): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: "label" in source ? [source.label] : [],
    registers: [registry],
    collect() {
      if (!("label" in source)) gauge.set(source.read());
      else
        for (const [value, count] of Object.entries(source.read()))
          gauge.set({ [source.label]: value }, count);
    },
  });
}

/** Registers a count that is kept elsewhere. It is read when it is scraped. */
export function countOf(registry: Registry, name: string, help: string, read: () => number): void {
  const counter = new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      counter.reset();
      counter.inc(read());
    },
  });
}

/**
 * Registers a counter for hot paths, with one series for each value of `label`. Counting only adds
 * to a number; the rest is done at scrape time.
 */
export function labelledCounter<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  { label, values }: { readonly label: string; readonly values: readonly L[] },
): (value: L) => void {
  const counts = Object.fromEntries(values.map((value) => [value, 0])) as Record<L, number>;
  const counter = new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      counter.reset();
      for (const value of values) counter.inc({ [label]: value }, counts[value]);
    },
  });
  return (value) => void counts[value]++;
}

/** Upper bounds in seconds. They separate a commit on a fast disk from a commit on a busy one. */
export const secondsBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
