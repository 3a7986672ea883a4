import type { MishapCounts } from "./mishaps.ts";
import type { Verdict } from "./verdict/judge.ts";

/** The result of a run. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly mishaps: MishapCounts;
  /** Everything else that is wrong, in a sentence each. */
  readonly complaints: readonly string[];
  /** How long mishaps continued. */
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
  readonly mishaps: MishapCounts;
}

const killsOf = ({ relaysKilled, workersKilled, redisKilled }: MishapCounts): number =>
  relaysKilled + workersKilled + redisKilled;

export function reportOf({ verdict, mishaps, seconds, seed, nodes }: Outcome): Report {
  return { ...verdict, kills: killsOf(mishaps), seconds, seed, nodes, mishaps };
}

/** True if nothing went wrong and every kind of mishap occurred. */
export function isGood({ verdict, mishaps, complaints }: Outcome): boolean {
  const { accepted, lost, duplicated, outOfOrder, hashMismatches, undecryptable } = verdict;
  const wrong = lost + duplicated + outOfOrder + hashMismatches + undecryptable;
  return wrong === 0 && complaints.length === 0 && accepted > 0 && killsOf(mishaps) > 0;
}

export function summaryOf(outcome: Outcome): string {
  const { verdict, mishaps, seconds } = outcome;
  return [
    `In ${seconds} s: ${mishaps.relaysKilled} relays killed, ${mishaps.relaysPaused} paused;`,
    `${mishaps.workersKilled} device processes and ${mishaps.redisKilled} Redis killed;`,
    `${mishaps.databaseConnectionsEnded} database connections ended; ${mishaps.connectionsCut}`,
    `connections cut, ${mishaps.connectionsHalfOpened} left half open; ${mishaps.slowTimes} slow times.`,
    `\n${verdict.accepted} messages in the log, shown ${verdict.delivered} times.`,
    isGood(outcome) ? "Each to every member, once and in order." : "Something is wrong.",
  ].join(" ");
}
