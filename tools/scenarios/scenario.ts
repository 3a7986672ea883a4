import type { Stage } from "./stage/stage.ts";

/** What a scenario counted: numbers, and checks that held or did not. */
export type Counts = Readonly<Record<string, number | boolean>>;

/** What a count must be: a value, the same as another count, or at least a number. */
export type Demand = number | boolean | { readonly sameAs: string } | { readonly atLeast: number };

/** One row of the acceptance scenarios, played with real devices on a fresh server. */
export interface Scenario {
  /** Its number, as `S1`. */
  readonly id: string;
  /** One sentence: who does what. */
  readonly title: string;
  /** What must have been counted at the end. */
  readonly demands: Readonly<Record<string, Demand>>;
  /**
   * Plays it on a fresh server.
   * @throws Error if it cannot go on
   */
  play(stage: Stage): Promise<Counts>;
}

/** A scenario that was played. */
export interface Played {
  readonly scenario: Scenario;
  readonly counts: Counts;
  /** One sentence for each demand that was not met. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Returns one sentence for each demand that `counts` does not meet. */
export const unmetDemands = (demands: Scenario["demands"], counts: Counts): readonly string[] =>
  Object.entries(demands).flatMap(([name, demand]) => {
    const count = counts[name];
    if (count === undefined) return [`${name} was not counted.`];
    if (typeof demand !== "object")
      return count === demand ? [] : [`${name} is ${count} and must be ${demand}.`];
    if ("atLeast" in demand)
      return Number(count) >= demand.atLeast
        ? []
        : [`${name} is ${count} and must be at least ${demand.atLeast}.`];
    const other = counts[demand.sameAs];
    return count === other
      ? []
      : [`${name} is ${count} and must be the same as ${demand.sameAs}, which is ${other}.`];
  });
