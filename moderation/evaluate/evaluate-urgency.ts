import { share } from "./figures.ts";

/** A message, and whether a reviewer calls it an emergency. */
export interface UrgencyExample {
  readonly text: string;
  readonly isUrgent: boolean;
}

export interface UrgencyFigures {
  readonly urgent: number;
  readonly other: number;
  readonly recall: number;
  /** The share of the other messages that were found too. */
  readonly falseAlarmRate: number;
  readonly precision: number;
  /** Numbers of the records, from 1, that were missed, and that were found by mistake. Never their text. */
  readonly missed: readonly number[];
  readonly falseAlarms: readonly number[];
  readonly msPerMessage: number;
}

/** @param isUrgent the detector; @param now a clock in milliseconds */
export function evaluateUrgency(
  examples: readonly UrgencyExample[],
  isUrgent: (text: string) => boolean,
  now: () => number,
): UrgencyFigures {
  const startedMs = now();
  const judged = examples.map((example, at) => ({
    number: at + 1,
    gold: example.isUrgent,
    said: isUrgent(example.text),
  }));
  const tookMs = now() - startedMs;
  const numbersWhere = (gold: boolean, said: boolean) =>
    judged.filter((each) => each.gold === gold && each.said === said).map(({ number }) => number);
  const found = numbersWhere(true, true);
  const missed = numbersWhere(true, false);
  const falseAlarms = numbersWhere(false, true);
  const other = judged.filter(({ gold }) => !gold).length;
  return {
    urgent: found.length + missed.length,
    other,
    recall: share(found.length, found.length + missed.length),
    falseAlarmRate: share(falseAlarms.length, other),
    precision: share(found.length, found.length + falseAlarms.length),
    missed,
    falseAlarms,
    msPerMessage: share(tookMs, examples.length),
  };
}
