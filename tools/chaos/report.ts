import type { FaultCounts } from "./faults.ts";
import type { Verdict } from "./verdict/judge.ts";

/** The result of a run. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly faults: FaultCounts;
  /** Everything else that is wrong, in a sentence each. */
  readonly complaints: readonly string[];
  /** The number of seconds for which faults continued. */
  readonly seconds: number;
  readonly seed: number;
  readonly nodes: number;
}

/** The last line of the output. */
export interface Report extends Verdict {
  /** Killed relays, device processes and Redis processes. */
  readonly kills: number;
  readonly seconds: number;
  readonly seed: number;
  readonly nodes: number;
  readonly faults: FaultCounts;
}

const killsOf = ({ relaysKilled, workersKilled, redisKilled }: FaultCounts): number =>
  relaysKilled + workersKilled + redisKilled;

export function reportOf({ verdict, faults, seconds, seed, nodes }: Outcome): Report {
  return { ...verdict, kills: killsOf(faults), seconds, seed, nodes, faults };
}

/** True if nothing went wrong and every kind of fault occurred. */
export function isGood({ verdict, faults, complaints }: Outcome): boolean {
  const { accepted, lost, duplicated, outOfOrder, hashMismatches, undecryptable } = verdict;
  const wrong = lost + duplicated + outOfOrder + hashMismatches + undecryptable;
  return wrong === 0 && complaints.length === 0 && accepted > 0 && killsOf(faults) > 0;
}

export function summaryOf(outcome: Outcome): string {
  const { verdict, faults, seconds } = outcome;
  return [
    `In ${seconds} s: ${faults.relaysKilled} relays killed, ${faults.relaysPaused} paused;`,
    `${faults.workersKilled} device processes and ${faults.redisKilled} Redis killed;`,
    `${faults.databaseConnectionsEnded} database connections ended; ${faults.connectionsCut}`,
    `connections cut, ${faults.connectionsHalfOpened} left half open; ${faults.slowTimes} slow times.`,
    `\n${verdict.accepted} messages in the log, shown ${verdict.delivered} times.`,
    isGood(outcome) ? "Each to every member, once and in order." : "Something is wrong.",
  ].join(" ");
}
