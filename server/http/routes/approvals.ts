import {
  answeredApproval,
  approvals,
  newApproval,
  shownApproval,
} from "../../../contract/approvals.ts";
import { idParams } from "../../../contract/values.ts";
import type { StoredApproval } from "../../../identity/approvals/stored-approvals.ts";
import {
  approveRequest,
  refuseRequest,
  withdrawRequest,
  type ApprovalDeps,
} from "../../../messaging/approvals/answer-approval.ts";
import { listApprovals, showApproval } from "../../../messaging/approvals/list-approvals.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

/** The routes of requests that wait for another person, of every kind of act. */
export const approvalRoutes = (deps: ApprovalDeps): readonly Route[] => [
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

/** GET /v1/approvals */
const listRoute = (deps: ApprovalDeps): Route =>
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
const showRoute = (deps: ApprovalDeps): Route =>
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
const approveRoute = (deps: ApprovalDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/approvals/{id}/approval",
      summary: "Approve what somebody else asked for",
      tag: "Approvals",
      access: "session",
      audits: [["break_glass.approve", "policy.approve"]],
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
      ],
    },
    async ({ who: { actor }, params: { id }, body: { hash } }) => ({
      status: 200,
      body: { waitsFor: await approveRequest(deps, { actor }, { id, hash }) },
    }),
  );

/** POST /v1/approvals/{id}/refusal */
const refuseRoute = (deps: ApprovalDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/approvals/{id}/refusal",
      summary: "Refuse what somebody else asked for",
      tag: "Approvals",
      access: "session",
      audits: [["break_glass.refuse", "policy.withdraw"]],
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
const withdrawRoute = (deps: ApprovalDeps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/approvals/{id}",
      summary: "Take a request back",
      tag: "Approvals",
      access: "session",
      audits: [["break_glass.withdraw", "policy.withdraw"]],
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
