/** `@sealdesk/client/moderation`: detectors of emergencies, abuse and personal data, on the device. */
export { Detectors, webThread, type WebWorker } from "./detectors.ts";
export { openRules, type RuleTrust } from "./open-rules.ts";
export { sendReviewed, type ReviewChoice } from "./send-reviewed.ts";
export { reviewOutgoing, type OutgoingReview } from "../../moderation/detect/outgoing.ts";
export {
  createDetectors,
  type DetectorRules,
  type Findings,
} from "../../moderation/detect/find-all.ts";
export type { Match } from "../../moderation/detect/rules/find-matches.ts";
export type { PersonalType, Span } from "../../moderation/detect/personal/span.ts";
export type { RuleSetSource } from "../../moderation/detect/rules/rule-set.ts";
export {
  ModerationError,
  type ModerationErrorCode,
} from "../../moderation/detect/moderation-error.ts";
export type {
  DetectorThread,
  ThreadEvents,
} from "../../moderation/detect/sandbox/detector-host.ts";
export type { KnownRuleSet, SignedRuleSet } from "../../moderation/detect/rules/signed-rule-set.ts";
