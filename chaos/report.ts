import type { MishapCounts } from "./mishaps.ts";
import type { Verdict } from "./verdict/judge.ts";

/** What came of a run. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly mishaps: MishapCounts;
  /** What else is not as it must be, each in a sentence. */
  readonly complaints: readonly string[];
  /** How long mishaps went on. */
  readonly seconds: number;
  readonly seed: number;
}

/** The last line of the output. */
export interface Report extends Verdict {
  /** Of relays and of devices' processes. */
  readonly kills: number;
  /** Connections of devices. */
  readonly cuts: number;
  readonly seconds: number;
  readonly seed: number;
}

const killsOf = ({ relaysKilled, workersKilled }: MishapCounts): number =>
  relaysKilled + workersKilled;

export function reportOf({ verdict, mishaps, seconds, seed }: Outcome): Report {
  return { ...verdict, kills: killsOf(mishaps), cuts: mishaps.connectionsCut, seconds, seed };
}

/** True when nothing is wrong, though there was every occasion. */
export function isGood({ verdict, mishaps, complaints }: Outcome): boolean {
  const { accepted, lost, duplicated, outOfOrder, hashMismatches, undecryptable } = verdict;
  const wrong = lost + duplicated + outOfOrder + hashMismatches + undecryptable;
  return wrong === 0 && complaints.length === 0 && accepted > 0 && killsOf(mishaps) > 0;
}

export function summaryOf(outcome: Outcome): string {
  const { verdict, mishaps, seconds } = outcome;
  return [
    `In ${seconds} s: ${mishaps.relaysKilled} relays killed, ${mishaps.relaysPaused} paused;`,
    `${mishaps.workersKilled} device processes killed; ${mishaps.databaseConnectionsEnded} database`,
    `connections ended; ${mishaps.connectionsCut} connections cut.`,
    `\n${verdict.accepted} messages in the log, shown ${verdict.delivered} times.`,
    isGood(outcome) ? "Each to every member, once and in order." : "Something is wrong.",
  ].join(" ");
}
