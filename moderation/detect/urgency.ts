import { CompiledRules, type Match } from "./rules/find-matches.ts";
import { tokensOf } from "./text/tokens.ts";
import { parseRuleSet, type RuleSetSource } from "./rules/rule-set.ts";

/**
 * Finds emergencies by reviewed rules only. No classifier takes part: a person must be able to read why a message was
 * found, and to correct it.
 */
export class UrgencyDetector {
  readonly #rules: readonly CompiledRules[];

  /** @throws ModerationError invalid_rule_set */
  constructor(sources: readonly RuleSetSource[]) {
    this.#rules = sources.map((source) => new CompiledRules(parseRuleSet(source)));
  }

  /** Returns what suggests an emergency. */
  find(text: string): readonly Match[] {
    const tokens = tokensOf(text);
    return this.#rules.flatMap((rules) => rules.findIn(tokens));
  }
}
