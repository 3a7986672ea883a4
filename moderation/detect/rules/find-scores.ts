import type { Token } from "../text/tokens.ts";
import type { Occurrence } from "./phrase-trie.ts";
import type { ScoreRule } from "./rule-set.ts";

/** A stretch of a text in which a score rule reached its score: numbers of its first and last word. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
}

/**
 * Adds the weights of the concepts that occur near each other, and returns where they reach the score of a rule. Each
 * occurrence enters and leaves the window once, so the time is linear.
 * @param occurrences in the order of their last words
 */
export function findScores(
  { atLeast, within, weights }: ScoreRule,
  occurrences: readonly Occurrence[],
  tokens: readonly Token[],
): readonly Stretch[] {
  const found: Stretch[] = [];
  const counts = new Map<string, number>();
  const placeOf = (at: number) => tokens[at]?.place ?? 0;
  let score = 0;
  let oldest = 0;
  const change = (concept: string, by: 1 | -1): void => {
    const rule = weights[concept];
    if (rule === undefined) return;
    const before = counts.get(concept) ?? 0;
    counts.set(concept, before + by);
    score += rule.weight * (Math.min(before + by, rule.most) - Math.min(before, rule.most));
  };
  for (const { concept, last } of occurrences) {
    change(concept, 1);
    while (placeOf(last) - placeOf(occurrences[oldest]?.first ?? last) > within) {
      change(occurrences[oldest]?.concept ?? "", -1);
      oldest++;
    }
    const first = occurrences[oldest]?.first ?? last;
    // What lowers the score may follow. So the score counts where the window ends.
    const before = found.at(-1);
    if (score < atLeast) {
      if (before !== undefined && placeOf(last) - placeOf(before.first) <= within) found.pop();
    } else if (before === undefined || first > before.last) found.push({ first, last });
    else found[found.length - 1] = { first: before.first, last };
  }
  return found;
}
