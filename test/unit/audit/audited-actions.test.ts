import { actions } from "../../../audit/actions.ts";
import { accountActions, linkActions } from "../../../audit/actions/account-actions.ts";
import type { ActionSpec, ActionSpecs } from "../../../audit/actions/action-spec.ts";
import {
  attachmentActions,
  conversationActions,
} from "../../../audit/actions/conversation-actions.ts";
import { alertActions } from "../../../audit/actions/alert-actions.ts";
import { requestActions } from "../../../audit/actions/request-actions.ts";
import { caseActions } from "../../../audit/actions/case-actions.ts";
import { breakGlassActions } from "../../../audit/actions/break-glass-actions.ts";
import { holdActions } from "../../../audit/actions/hold-actions.ts";
import { reportActions } from "../../../audit/actions/report-actions.ts";
import { breachActions } from "../../../audit/actions/breach-actions.ts";
import { complianceActions } from "../../../audit/actions/compliance-actions.ts";
import { consentActions } from "../../../audit/actions/consent-actions.ts";
import { noticeActions } from "../../../audit/actions/notice-actions.ts";
import { deploymentActions } from "../../../audit/actions/deployment-actions.ts";
import { erasureActions } from "../../../audit/actions/erasure-actions.ts";
import { restrictionActions } from "../../../audit/actions/restriction-actions.ts";
import { exportActions } from "../../../audit/actions/export-actions.ts";
import { keyActions } from "../../../audit/actions/key-actions.ts";
import { auditActions } from "../../../audit/actions/audit-actions.ts";
import { policyActions } from "../../../audit/actions/policy-actions.ts";
import { provisioningActions } from "../../../audit/actions/provisioning-actions.ts";
import { retentionActions } from "../../../audit/actions/retention-actions.ts";
import { tenantActions } from "../../../audit/actions/tenant-actions.ts";
import { expectSection, markdownTable } from "../../support/generated-section.ts";

/** The chapters of the page. */
const chapters: Readonly<Record<string, ActionSpecs>> = {
  "Accounts, sessions and devices": accountActions,
  "Requests to link a device": linkActions,
  "Conversations and history": conversationActions,
  Attachments: attachmentActions,
  "Tenants, by their operator": tenantActions,
  "People and groups of identity providers (SCIM)": provisioningActions,
  "The policy": policyActions,
  "Alerts of officers": alertActions,
  "Approvals and access in an emergency": breakGlassActions,
  "Legal holds": holdActions,
  Breaches: breachActions,
  Reports: reportActions,
  "Reports about compliance": complianceActions,
  Cases: caseActions,
  Retention: retentionActions,
  "What people ask for by law": requestActions,
  "Privacy notices": noticeActions,
  Consents: consentActions,
  "The audit log": auditActions,
  Keys: keyActions,
  Erasure: erasureActions,
  "Restriction of processing": restrictionActions,
  "Copies of people's data": exportActions,
  "The deployment": deploymentActions,
};

function rowOf([name, spec]: readonly [string, ActionSpec]): readonly string[] {
  const details = Object.entries(spec.details).map(([detail, kind]) => `\`${detail}\` (${kind})`);
  return [
    `\`${name}\``,
    spec.class,
    spec.resources.join(" or "),
    details.join(", "),
    spec.description,
  ];
}

test("docs/audited-actions.md has every action of the table", async () => {
  const texts = Object.entries(chapters).map(([title, specs]) => {
    const rows = Object.entries(specs).map(rowOf);
    return `### ${title}\n\n${markdownTable([["action", "class", "resource", "details", "written when"], ...rows])}`;
  });
  await expectSection("audited-actions", "actions", texts.join("\n"));
});

test("every action is in one chapter of the page", () => {
  const inChapters = Object.values(chapters).flatMap((specs) => Object.keys(specs));
  expect(inChapters.toSorted()).toEqual(Object.keys(actions).toSorted());
});
