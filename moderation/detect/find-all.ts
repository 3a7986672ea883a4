import { AbuseDetector } from "./abuse.ts";
import { abuseEnglish } from "./lexicons/abuse/english.ts";
import { urgentLexicons } from "./lexicons/urgent/urgent.ts";
import { findPersonalData } from "./personal/find-personal-data.ts";
import type { Span } from "./personal/span.ts";
import type { Match } from "./rules/find-matches.ts";
import type { RuleSetSource } from "./rules/rule-set.ts";
import { UrgencyDetector } from "./urgency.ts";

/** What the detectors found in a text. It stays on the device. */
export interface Findings {
  readonly urgent: readonly Match[];
  readonly abuse: readonly Match[];
  readonly personal: readonly Span[];
}

/** The rules of an organisation. */
export interface DetectorRules {
  readonly urgent: readonly RuleSetSource[];
  readonly abuse: readonly RuleSetSource[];
}

const defaults: DetectorRules = { urgent: urgentLexicons, abuse: [abuseEnglish] };

/**
 * Prepares all detectors. The function that it returns is pure, and takes time linear in the length of the text.
 * @throws ModerationError invalid_rule_set
 */
export function createDetectors(rules: DetectorRules = defaults): (text: string) => Findings {
  const urgency = new UrgencyDetector(rules.urgent);
  const abuse = new AbuseDetector(rules.abuse);
  return (text) => ({
    urgent: urgency.find(text),
    abuse: abuse.find(text),
    personal: findPersonalData(text),
  });
}
