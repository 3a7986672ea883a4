import { CompiledRules, type Match } from "./rules/find-matches.ts";
import { parseRuleSet, type RuleSetSource } from "./rules/rule-set.ts";

/** Labels that mean hate speech. The others are rude, and nothing more. */
const hateful: ReadonlySet<string> = new Set(["hate"]);

/** Hints at abuse, for a person who decides. Nothing may happen by itself because of one. */
export class AbuseDetector {
  readonly #rules: readonly CompiledRules[];

  /** @throws ModerationError invalid_rule_set */
  constructor(sources: readonly RuleSetSource[]) {
    this.#rules = sources.map((source) => new CompiledRules(parseRuleSet(source)));
  }

  find(text: string): readonly Match[] {
    return this.#rules.flatMap((rules) => rules.find(text));
  }

  isHateful(text: string): boolean {
    return this.find(text).some(({ label }) => hateful.has(label));
  }
}
