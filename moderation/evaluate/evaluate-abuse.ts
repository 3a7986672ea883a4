import { rounded, share } from "./figures.ts";

/** A case of a functional test suite (Röttger et al., HateCheck, ACL 2021). */
export interface AbuseCase {
  readonly text: string;
  readonly functionality: string;
  readonly isHateful: boolean;
}

interface Functionality {
  readonly functionality: string;
  readonly cases: number;
  readonly accuracy: number;
}

export interface AbuseFigures {
  readonly cases: number;
  readonly accuracy: number;
  /** What calling everything hateful reaches. */
  readonly alwaysHateful: number;
  /** Of the cases that are not hateful, the share that was found too. */
  readonly falseAlarmRate: number;
  /** Of the hateful cases, the share that was missed. */
  readonly missedRate: number;
  readonly byFunctionality: readonly Functionality[];
  readonly msPerMessage: number;
  /** Findings in ordinary talk, for a thousand messages; undefined if no talk was given. */
  readonly talk: { readonly messages: number; readonly falseAlarmsPerThousand: number } | undefined;
}

/**
 * @param isHateful the detector
 * @param talk messages of ordinary talk, in which nothing is hateful
 * @param now a clock in milliseconds
 */
export function evaluateAbuse(
  cases: readonly AbuseCase[],
  isHateful: (text: string) => boolean,
  talk: readonly string[] | undefined,
  now: () => number,
): AbuseFigures {
  const startedMs = now();
  const judged = cases.map(({ text, functionality, isHateful: gold }) => {
    const said = isHateful(text);
    return { functionality, gold, said, isRight: said === gold };
  });
  const tookMs = now() - startedMs;
  const hateful = judged.filter(({ gold }) => gold);
  const other = judged.filter(({ gold }) => !gold);
  const names = [...new Set(cases.map(({ functionality }) => functionality))].toSorted();
  const accuracyOf = (some: typeof judged) =>
    share(some.filter(({ isRight }) => isRight).length, some.length);
  const alarms = talk?.filter(isHateful).length ?? 0;
  return {
    cases: cases.length,
    accuracy: accuracyOf(judged),
    alwaysHateful: share(hateful.length, cases.length),
    falseAlarmRate: share(other.filter(({ said }) => said).length, other.length),
    missedRate: share(hateful.filter(({ said }) => !said).length, hateful.length),
    byFunctionality: names.map((functionality) => {
      const own = judged.filter((each) => each.functionality === functionality);
      return { functionality, cases: own.length, accuracy: accuracyOf(own) };
    }),
    msPerMessage: share(tookMs, cases.length),
    talk: talk && {
      messages: talk.length,
      falseAlarmsPerThousand: rounded(share(alarms, talk.length) * 1000),
    },
  };
}
