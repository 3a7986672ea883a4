/**
 * Rules over words, as an organisation's data: JSON that a person can review. A concept is a list of words and
 * phrases that mean the same. A rule asks for concepts near each other.
 */
import * as z from "zod/mini";
import { ModerationError } from "../moderation-error.ts";

/** The largest size of a rule set's JSON in bytes. */
export const maxRuleSetBytes = 512 * 1024;

const name = z.string().check(z.regex(/^[a-z][a-z0-9_]{0,47}$/));

/** A phrase: words with single spaces. A word that ends with `*` stands for every word that begins so. */
const phrase = z.string().check(z.minLength(1), z.maxLength(120));

const rule = z.strictObject({
  /** What the rule finds, such as `self_harm`. */
  label: name,
  /** The concepts that must all occur. `a|b` asks for one of them. */
  all: z
    .array(z.string().check(z.minLength(1), z.maxLength(400)))
    .check(z.minLength(1), z.maxLength(6)),
  /** How many words they may be apart. */
  within: z._default(z.int().check(z.minimum(1), z.maximum(60)), 10),
  /** The concepts must occur in the order of `all`. */
  ordered: z._default(z.boolean(), false),
  /** Concepts that make the rule silent if one occurs as near. */
  unless: z._default(z.array(name).check(z.maxLength(32)), []),
  /** The rule is silent about what a word of the concept `negation` denies, as in `no chest pain`. */
  affirmed: z._default(z.boolean(), false),
});

const scoreRule = z.strictObject({
  label: name,
  /** The score from which on the rule finds something. */
  atLeast: z.int().check(z.minimum(1), z.maximum(100)),
  /** How many words the concepts may be apart. */
  within: z._default(z.int().check(z.minimum(1), z.maximum(200)), 40),
  /** What a concept adds to the score, also less than nothing, and how often at most. */
  weights: z.record(
    name,
    z.strictObject({
      weight: z.int().check(z.minimum(-20), z.maximum(20)),
      most: z._default(z.int().check(z.minimum(1), z.maximum(20)), 1),
    }),
  ),
});

const ruleSet = z.strictObject({
  format: z.literal(1),
  /** Which rule set it is: another version of it has the same name. */
  name: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,47}$/)),
  /** Of this organisation's data. A higher version replaces a lower one. */
  version: z.int().check(z.minimum(1)),
  /** BCP 47, such as `en`. */
  language: z.string().check(z.regex(/^[a-z]{2,3}$/)),
  /** Who reviewed it, and when, for people. */
  reviewed: z.string().check(z.maxLength(200)),
  concepts: z.record(name, z.array(phrase).check(z.maxLength(2000))),
  rules: z.array(rule).check(z.maxLength(1000)),
  /** Rules that add up weights, for what no single pair of words says. */
  scores: z._default(z.array(scoreRule).check(z.maxLength(100)), []),
});

export type Rule = z.output<typeof rule>;
export type ScoreRule = z.output<typeof scoreRule>;
/** A rule set with every default filled in. */
export type RuleSet = z.output<typeof ruleSet>;
/** A rule set as a person writes it. */
export type RuleSetSource = z.input<typeof ruleSet>;

/**
 * Checks a rule set and fills in the defaults.
 * @throws ModerationError invalid_rule_set: it has another form, or a rule names a concept that it has not
 */
export function parseRuleSet(value: unknown): RuleSet {
  const parsed = ruleSet.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "another form"}`);
  }
  const { concepts, rules, scores } = parsed.data;
  for (const [at, { all, unless, affirmed }] of rules.entries())
    for (const each of [
      ...all.flatMap((slot) => slot.split("|")),
      ...unless,
      ...(affirmed ? ["negation"] : []),
    ])
      if (!Object.hasOwn(concepts, each))
        throw invalid(`rules.${at} names the concept ${each}, which is not there`);
  for (const [at, { weights }] of scores.entries())
    for (const each of Object.keys(weights))
      if (!Object.hasOwn(concepts, each))
        throw invalid(`scores.${at} names the concept ${each}, which is not there`);
  return parsed.data;
}

const invalid = (why: string): ModerationError =>
  new ModerationError(
    "invalid_rule_set",
    `The rule set is not valid: ${why}. Correct it, and try again.`,
  );
