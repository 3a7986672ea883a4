import type {
  KnownRuleSet,
  RuleSetTrust,
  SignedRuleSet,
} from "../../moderation/detect/rules/signed-rule-set.ts";
import { openRuleSet } from "../../moderation/detect/rules/signed-rule-set.ts";
import type { RuleSet } from "../../moderation/detect/rules/rule-set.ts";
import { deviceChecks } from "../key-log/checks.ts";

/** What the app knows about the rules that it wants, and the last ones that this device accepted. */
export type RuleTrust = Omit<RuleSetTrust, "verify" | "sha256">;

/**
 * Checks rules that the tenant's authority signed, before `createDetectors` uses them. Keep `known` in the app's storage,
 * and pass it the next time, so that older rules are noticed.
 * @throws ModerationError rule_set_not_authentic, rule_set_rolled_back, rule_set_expired, invalid_rule_set
 */
export const openRules = (
  signed: SignedRuleSet,
  trust: RuleTrust,
): { readonly rules: RuleSet; readonly known: KnownRuleSet } =>
  openRuleSet(signed, {
    ...trust,
    verify: deviceChecks.verifyEd25519,
    sha256: deviceChecks.sha256,
  });
