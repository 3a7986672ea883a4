import { mayBeIn } from "../text/languages.ts";
import { tokensOf, type Token } from "../text/tokens.ts";
import { PhraseTrie, type Occurrence } from "./phrase-trie.ts";
import { findScores } from "./find-scores.ts";
import type { Rule, RuleSet, ScoreRule } from "./rule-set.ts";
import { Spelling } from "./spelling.ts";

/** What a rule found. */
export interface Match {
  readonly label: string;
  /** UTF-16 offsets of the words in the text, from the first to the last. */
  readonly start: number;
  readonly end: number;
}

/** How many words before a phrase can deny it. */
const negationReach = 3;
/** The most findings in one text. A text with more is not more urgent. */
const maxMatches = 1000;

interface Slot {
  readonly rule: number;
  readonly slot: number;
}

/** A part of a rule that was found: the places of its words. */
interface Found {
  readonly from: number;
  readonly to: number;
  readonly occurrence: Occurrence;
}

/**
 * A rule set, prepared for matching. The time to match a text is linear in its length: each phrase that it has
 * advances only the rules that name its concept, and each rule remembers one partial match.
 */
export class CompiledRules {
  readonly #rules: readonly Rule[];
  readonly #scores: readonly ScoreRule[];
  readonly #language: string;
  readonly #trie: PhraseTrie;
  readonly #spelling: Spelling;
  readonly #slots = new Map<string, Slot[]>();

  constructor({ concepts, rules, scores, language }: RuleSet) {
    this.#language = language;
    this.#rules = rules;
    this.#scores = scores;
    this.#trie = new PhraseTrie(concepts);
    this.#spelling = new Spelling(this.#trie.words);
    for (const [rule, { all }] of rules.entries())
      for (const [slot, names] of all.entries())
        for (const concept of names.split("|")) {
          const slots = this.#slots.get(concept) ?? [];
          slots.push({ rule, slot });
          this.#slots.set(concept, slots);
        }
  }

  /**
   * Returns what the rules find in a text: the first match of each rule at each place. Nothing if the text is in another
   * language.
   */
  find(text: string): readonly Match[] {
    return this.findIn(tokensOf(text));
  }

  /** Does the same with the words of a text, for whoever asks several rule sets. */
  findIn(written: readonly Token[]): readonly Match[] {
    if (!mayBeIn(this.#language, written)) return [];
    const tokens = this.#spelling.corrected(written);
    const occurrences = this.#trie.find(tokens);
    const placesOf = placesByConcept(occurrences, tokens);
    const denied = placesOf.get("negation") ?? [];
    const partial: (Found | undefined)[][] = this.#rules.map(({ all }) =>
      Array.from(all, () => undefined),
    );
    const matches: Match[] = [];
    for (const occurrence of occurrences) {
      const slots = this.#slots.get(occurrence.concept);
      if (slots === undefined) continue;
      const found = foundAt(occurrence, tokens);
      const isDenied = isNear(denied, found.from - negationReach, found.from - 1);
      for (const { rule: at, slot } of slots) {
        const rule = this.#rules[at];
        const slotsFound = partial[at];
        if (rule === undefined || slotsFound === undefined || (rule.affirmed && isDenied)) continue;
        const whole = advance(rule, slotsFound, slot, found);
        if (whole === undefined) continue;
        const { from, to } = whole;
        const near = (concept: string) =>
          isNear(placesOf.get(concept) ?? [], from - rule.within, to + rule.within);
        if (rule.unless.some(near)) continue;
        matches.push(spanOf(rule.label, slotsFound, tokens));
        slotsFound.fill(undefined);
        if (matches.length >= maxMatches) return matches;
      }
    }
    for (const rule of this.#scores)
      for (const { first, last } of findScores(rule, occurrences, tokens))
        matches.push({
          label: rule.label,
          start: tokens[first]?.start ?? 0,
          end: tokens[last]?.end ?? 0,
        });
    return matches.slice(0, maxMatches);
  }
}

/** Fills one slot of a rule. Returns the places from its first to its last word if the rule is complete. */
function advance(
  { within, ordered, all }: Rule,
  slots: (Found | undefined)[],
  slot: number,
  found: Found,
): { readonly from: number; readonly to: number } | undefined {
  const before = slots[slot - 1];
  if (
    ordered &&
    slot > 0 &&
    (before === undefined || before.occurrence.last >= found.occurrence.first)
  )
    return undefined;
  slots[slot] = found;
  let from = found.from;
  let to = found.to;
  for (const each of slots) {
    if (each === undefined) return undefined;
    from = Math.min(from, each.from);
    to = Math.max(to, each.to);
  }
  if (ordered && slot !== all.length - 1) return undefined;
  return to - from <= within + all.length ? { from, to } : undefined;
}

function spanOf(
  label: string,
  slots: readonly (Found | undefined)[],
  tokens: readonly Token[],
): Match {
  let first = tokens.length - 1;
  let last = 0;
  for (const each of slots) {
    first = Math.min(first, each?.occurrence.first ?? first);
    last = Math.max(last, each?.occurrence.last ?? last);
  }
  return { label, start: tokens[first]?.start ?? 0, end: tokens[last]?.end ?? 0 };
}

const foundAt = (occurrence: Occurrence, tokens: readonly Token[]): Found => ({
  from: tokens[occurrence.first]?.place ?? 0,
  to: tokens[occurrence.last]?.place ?? 0,
  occurrence,
});

function placesByConcept(
  occurrences: readonly Occurrence[],
  tokens: readonly Token[],
): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const { concept, last } of occurrences) {
    const list = places.get(concept) ?? [];
    list.push(tokens[last]?.place ?? 0);
    places.set(concept, list);
  }
  return places;
}

/** Returns whether one of the ascending places lies in the range. */
function isNear(places: readonly number[], from: number, to: number): boolean {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const next = places[low];
  return next !== undefined && next <= to;
}
