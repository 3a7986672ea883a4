/** How often something was found, and how often that was right. */
export interface Found {
  /** How many there are. */
  readonly gold: number;
  /** How many were found. */
  readonly said: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * @param right how many of those found are right
 * @param covered how many of those that are there were found
 */
export function foundOf(gold: number, said: number, right: number, covered = right): Found {
  const precision = said === 0 ? 0 : right / said;
  const recall = gold === 0 ? 0 : covered / gold;
  const sum = precision + recall;
  return {
    gold,
    said,
    precision: rounded(precision),
    recall: rounded(recall),
    f1: rounded(sum === 0 ? 0 : (2 * precision * recall) / sum),
  };
}

/** Returns a figure with four decimals. */
export const rounded = (figure: number): number => Math.round(figure * 10_000) / 10_000;

export const share = (part: number, whole: number): number =>
  whole === 0 ? 0 : rounded(part / whole);

/** What an utterance of a dialogue begins with: `Doctor:`, `Guest_family:`. */
const speaker = /^\s*[\p{L}_ ]{1,30}:\s*/u;

/** Returns the messages of dialogues, each of which has one utterance on a line. */
export const messagesOf = (dialogues: readonly string[]): readonly string[] =>
  dialogues.flatMap((dialogue) =>
    dialogue
      .split("\n")
      .map((line) => line.replace(speaker, "").trim())
      .filter((line) => line !== ""),
  );
