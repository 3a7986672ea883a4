import {
  answeredApproval,
  approvalRequest,
  approvals,
  newApproval,
  requestedApproval,
  shownApproval,
} from "../../../contract/approvals.ts";
import { idParams } from "../../../contract/values.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import { requestAct } from "../../../identity/approvals/request-act.ts";
import type { StoredApproval } from "../../../identity/approvals/stored-approvals.ts";
import { resetLink } from "../../../identity/passwords/create-reset.ts";
import type { AnswerDeps, ApprovalDeps } from "../../../messaging/approvals/approval-kind.ts";
import {
  approveRequest,
  refuseRequest,
  withdrawRequest,
} from "../../../messaging/approvals/answer-approval.ts";
import { listApprovals, showApproval } from "../../../messaging/approvals/list-approvals.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

type Deps = ApprovalDeps & { readonly newId: NewId; readonly publicUrl: string };

/** The routes of requests that wait for another person, of every kind of act. */
export const approvalRoutes = (deps: Deps): readonly Route[] => [
  requestRoute(deps),
  listRoute(deps),
  showRoute(deps),
  approveRoute(deps),
  refuseRoute(deps),
  withdrawRoute(deps),
];

const shown = ({ parametersHash: hash, approver, approvers, ...rest }: StoredApproval) => ({
  ...rest,
  hash,
  approvers: approver === null ? approvers : [...approvers, approver],
});

/** POST /v1/approvals */
const requestRoute = (deps: Deps): Route =>
  route(
    {
      method: "post",
      path: "/v1/approvals",
      summary: "Ask for an act for which the policy demands a second person",
      tag: "Approvals",
      access: "session",
      audits: ["approval.request"],
      body: approvalRequest,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "It waits for a second person", schema: requestedApproval } },
      problems: [
        "forbidden",
        "device_required",
        "step_up_required",
        "user_not_found",
        "device_not_found",
        "approval_not_needed",
        "too_many_requests",
      ],
    },
    async ({ who: { actor }, body: { reason, ...act } }) => ({
      status: 201,
      body: await requestAct(deps, actor, { act, reason }),
    }),
  );

/** GET /v1/approvals */
const listRoute = (deps: AnswerDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/approvals",
      summary: "List the requests that wait for another person",
      tag: "Approvals",
      access: "session",
      audits: ["approval.list"],
      answers: { 200: { description: "The oldest first", schema: approvals } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { approvals: (await listApprovals(deps, { actor })).map(shown) },
    }),
  );

/** GET /v1/approvals/{id} */
const showRoute = (deps: AnswerDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/approvals/{id}",
      summary: "Read a request for an approval",
      tag: "Approvals",
      access: "session",
      audits: ["approval.read"],
      params: idParams,
      answers: { 200: { description: "The request", schema: shownApproval } },
      problems: ["forbidden", "approval_not_found", "approval_changed"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: shown(await showApproval(deps, { actor }, id)),
    }),
  );

/** POST /v1/approvals/{id}/approval */
const approveRoute = (deps: Deps): Route =>
  route(
    {
      method: "post",
      path: "/v1/approvals/{id}/approval",
      summary: "Approve what somebody else asked for",
      tag: "Approvals",
      access: "session",
      audits: [
        [
          "break_glass.approve",
          "notice.publish",
          "policy.approve",
          "hold.approve_release",
          "retention.approve",
          "retention.classify",
          "account.reset",
          "device.revoke",
          "user.create_password_reset",
          "user.reset_factor",
        ],
      ],
      params: idParams,
      body: newApproval,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "Whether others must approve it", schema: answeredApproval } },
      problems: [
        "forbidden",
        "device_required",
        "step_up_required",
        "approval_not_found",
        "own_approval",
        "approval_changed",
        "approval_expired",
        "approval_used",
        "other_version_to_come",
        "user_not_found",
        "device_not_found",
        "second_factor_missing",
        "contended",
        "hold_not_found",
        "hold_released",
        "retention_version_not_found",
        "retention_locked",
        "retention_changed",
      ],
    },
    async ({ who: { actor }, params: { id }, body: { hash } }) => {
      const { waitsFor, passwordReset } = await approveRequest(deps, { actor }, { id, hash });
      if (passwordReset === undefined) return { status: 200, body: { waitsFor } };
      const { expiresAtMs } = passwordReset;
      const link = resetLink(deps.publicUrl, passwordReset);
      return { status: 200, body: { waitsFor, passwordReset: { link, expiresAtMs } } };
    },
  );

/** POST /v1/approvals/{id}/refusal */
const refuseRoute = (deps: AnswerDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/approvals/{id}/refusal",
      summary: "Refuse what somebody else asked for",
      tag: "Approvals",
      access: "session",
      audits: [
        [
          "break_glass.refuse",
          "notice.refuse",
          "policy.withdraw",
          "approval.refuse",
          "hold.refuse_release",
          "retention.refuse",
        ],
      ],
      params: idParams,
      answers: { 204: { description: "It is refused" } },
      problems: [
        "forbidden",
        "device_required",
        "approval_not_found",
        "approval_used",
        "policy_version_closed",
      ],
    },
    async ({ who: { actor }, params: { id } }) => {
      await refuseRequest(deps, { actor }, id);
      return { status: 204 };
    },
  );

/** DELETE /v1/approvals/{id} */
const withdrawRoute = (deps: AnswerDeps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/approvals/{id}",
      summary: "Take a request back",
      tag: "Approvals",
      access: "session",
      audits: [
        [
          "break_glass.withdraw",
          "notice.withdraw",
          "policy.withdraw",
          "approval.withdraw",
          "hold.withdraw_release",
          "retention.withdraw",
        ],
      ],
      params: idParams,
      answers: { 204: { description: "It is withdrawn" } },
      problems: [
        "forbidden",
        "device_required",
        "approval_not_found",
        "approval_used",
        "policy_version_closed",
      ],
    },
    async ({ who: { actor }, params: { id } }) => {
      await withdrawRequest(deps, { actor }, id);
      return { status: 204 };
    },
  );
