import { administrationRules, type AdministrationAction } from "./administration.ts";
import { alertRules, type AlertAction } from "./alerts.ts";
import { approvalRules, type ApprovalAction } from "./approvals.ts";
import { breachRules, type BreachAction } from "./breaches.ts";
import { breakGlassRules, type BreakGlassAction } from "./break-glass.ts";
import { caseRules, type CaseAction } from "./cases.ts";
import { complianceRules, type ComplianceAction } from "./compliance.ts";
import { consentRules, type ConsentAction } from "./consent.ts";
import { conversationRules, type ConversationAction } from "./conversation.ts";
import { credentialsRules, type CredentialsAction } from "./credentials.ts";
import { directoryRules, type DirectoryAction } from "./directory.ts";
import { erasureRules, type ErasureAction } from "./erasures.ts";
import { holdRules, type HoldAction } from "./holds.ts";
import { linkRules, type LinkAction } from "./link.ts";
import { noticeRules, type NoticeAction } from "./notice.ts";
import { policyRules, type PolicyAction } from "./policy.ts";
import { readingRules } from "./reading.ts";
import { relayRules, type RelayAction } from "./relay.ts";
import { retentionRules, type RetentionAction } from "./retention.ts";
import { reportRules, type ReportAction } from "./reports.ts";
import { requestRules, type RequestAction } from "./requests.ts";
import { restrictionRules, type RestrictionAction } from "./restrictions.ts";
import type { PolicyRule } from "./rule.ts";
import { secondPersonRules, type SecondPersonAction } from "./second-person.ts";
import { tenantRules, type TenantAction } from "./tenants.ts";
import { uploadRules, type UploadAction } from "./upload.ts";

/** The kinds of resources, with the actions that rules can allow on each. */
export interface ActionsOf {
  readonly conversation: ConversationAction;
  readonly relay: RelayAction;
  readonly directory: DirectoryAction;
  readonly credentials: CredentialsAction;
  readonly link: LinkAction;
  readonly upload: UploadAction;
  readonly audit_log: "read";
  readonly account_names: "read";
  readonly disclosures: "read";
  readonly staff_list: "read";
  readonly alerts: AlertAction;
  readonly approvals: ApprovalAction;
  readonly second_person: SecondPersonAction;
  readonly break_glass: BreakGlassAction;
  readonly holds: HoldAction;
  readonly cases: CaseAction;
  readonly retention: RetentionAction;
  readonly requests: RequestAction;
  readonly erasures: ErasureAction;
  readonly restrictions: RestrictionAction;
  readonly breaches: BreachAction;
  readonly reports: ReportAction;
  readonly compliance: ComplianceAction;
  readonly administration: AdministrationAction;
  readonly tenants: TenantAction;
  readonly notices: NoticeAction;
  readonly consents: ConsentAction;
  readonly policy: PolicyAction;
}

export type Resource = keyof ActionsOf;

/**
 * Who may do what. What no rule allows is denied. If several rules allow an act, the last of them is the one
 * that is recorded.
 */
export const defaultRules: readonly PolicyRule<Resource>[] = [
  ...conversationRules,
  ...relayRules,
  ...uploadRules,
  ...directoryRules,
  ...credentialsRules,
  ...linkRules,
  ...readingRules,
  ...alertRules,
  ...approvalRules,
  ...secondPersonRules,
  ...breakGlassRules,
  ...holdRules,
  ...caseRules,
  ...retentionRules,
  ...requestRules,
  ...erasureRules,
  ...restrictionRules,
  ...breachRules,
  ...reportRules,
  ...complianceRules,
  ...administrationRules,
  ...tenantRules,
  ...noticeRules,
  ...consentRules,
  ...policyRules,
];
