import { accountActions, linkActions } from "./actions/account-actions.ts";
import { alertActions } from "./actions/alert-actions.ts";
import { auditActions } from "./actions/audit-actions.ts";
import { caseActions } from "./actions/case-actions.ts";
import { requestActions } from "./actions/request-actions.ts";
import type { DetailKinds } from "./actions/action-spec.ts";
import { breakGlassActions } from "./actions/break-glass-actions.ts";
import { breachActions } from "./actions/breach-actions.ts";
import { complianceActions } from "./actions/compliance-actions.ts";
import { consentActions } from "./actions/consent-actions.ts";
import { attachmentActions, conversationActions } from "./actions/conversation-actions.ts";
import { deploymentActions } from "./actions/deployment-actions.ts";
import { holdActions } from "./actions/hold-actions.ts";
import { erasureActions } from "./actions/erasure-actions.ts";
import { exportActions } from "./actions/export-actions.ts";
import { keyActions } from "./actions/key-actions.ts";
import { noticeActions } from "./actions/notice-actions.ts";
import { policyActions } from "./actions/policy-actions.ts";
import { provisioningActions } from "./actions/provisioning-actions.ts";
import { reportActions } from "./actions/report-actions.ts";
import { restrictionActions } from "./actions/restriction-actions.ts";
import { retentionActions } from "./actions/retention-actions.ts";
import { tenantActions } from "./actions/tenant-actions.ts";

/** Every action that leaves an entry in the audit log. An entry of another action does not compile. */
export const actions = {
  ...accountActions,
  ...linkActions,
  ...conversationActions,
  ...attachmentActions,
  ...consentActions,
  ...auditActions,
  ...tenantActions,
  ...noticeActions,
  ...policyActions,
  ...provisioningActions,
  ...alertActions,
  ...breakGlassActions,
  ...holdActions,
  ...breachActions,
  ...complianceActions,
  ...caseActions,
  ...retentionActions,
  ...requestActions,
  ...keyActions,
  ...erasureActions,
  ...restrictionActions,
  ...reportActions,
  ...exportActions,
  ...deploymentActions,
} as const;

type Actions = typeof actions;

/** The name of an action, such as "session.create". */
export type AuditAction = keyof Actions;

/** The kind of resource that each action is done to. */
export type ResourceKinds = { readonly [A in AuditAction]: Actions[A]["resources"][number] };

/** The details that the entries of each action may have. */
export type ActionDetails = {
  readonly [A in AuditAction]: {
    readonly [Name in keyof Actions[A]["details"]]?:
      DetailKinds[Extract<Actions[A]["details"][Name], keyof DetailKinds>] | undefined;
  };
};

/** The actions that are done to a kind of resource. */
export type ActionOn<Kind extends ResourceKinds[AuditAction]> = {
  [A in AuditAction]: Kind extends ResourceKinds[A] ? A : never;
}[AuditAction];
