import { messagingApprovals } from "../messaging/approvals/answer-approval.ts";
import type { ApprovalKinds } from "../messaging/approvals/approval-kind.ts";
import { banApprovals } from "../moderation/reports/approve-ban.ts";
import { holdApprovals } from "./holds/hold-approvals.ts";
import { retentionApprovals } from "./retention/approve-schedule.ts";

/** Every kind of act that needs another person. */
export const approvalKinds: ApprovalKinds = {
  ...messagingApprovals,
  ...holdApprovals,
  ...banApprovals,
  ...retentionApprovals,
};
