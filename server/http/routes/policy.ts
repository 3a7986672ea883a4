import {
  approvedVersion,
  draftedVersion,
  explanation,
  explanationQuery,
  newPolicyVersion,
  policyPreview,
  policyVersion,
  policyVersions,
  versionApproval,
  versionParams,
} from "../../../contract/policy.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import type { Profiles } from "../../../identity/accounts/profiles.ts";
import { approveVersion } from "../../../identity/policy/approve-version.ts";
import { draftVersion } from "../../../identity/policy/draft-version.ts";
import type { PolicyDeps } from "../../../identity/policy/policy-deps.ts";
import { previewVersion } from "../../../identity/policy/preview-version.ts";
import { listVersions, showVersion } from "../../../identity/policy/show-versions.ts";
import { withdrawVersion } from "../../../identity/policy/withdraw-version.ts";
import { explainAccess } from "../../../messaging/access/explain-access.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

export interface PolicyRoutesDeps extends PolicyDeps {
  readonly newId: NewId;
  readonly profiles: Profiles;
}

/** The routes of a tenant's policy: who may do what, and the versions of it. */
export const policyRoutes = (deps: PolicyRoutesDeps): readonly Route[] => [
  explainRoute(deps),
  draftRoute(deps),
  listRoute(deps),
  showRoute(deps),
  previewRoute(deps),
  approveRoute(deps),
  withdrawRoute(deps),
];

/** GET /v1/policy/explanation */
const explainRoute = (deps: PolicyDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/policy/explanation",
      summary: "Ask whether an account may do something, and why",
      tag: "Policy",
      access: "session",
      audits: ["policy.explain"],
      query: explanationQuery,
      answers: { 200: { description: "The decision, with every rule", schema: explanation } },
      problems: [
        "forbidden",
        "unknown_right",
        "user_not_found",
        "conversation_not_found",
        "attachment_not_found",
      ],
    },
    async ({ who: { actor }, query: { at, ...asked } }) => {
      const explained = await explainAccess(deps, { actor }, { ...asked, atMs: at });
      const { decision, rule = null, rules, ...rest } = explained;
      const shown = rules.map(({ conditions, ...each }) => ({
        ...each,
        conditions: conditions.map((one) => ({ ...one, holds: one.holds ?? null })),
      }));
      return { status: 200, body: { ...rest, ...decision, rule, rules: shown } };
    },
  );

/** POST /v1/policy/versions */
const draftRoute = (deps: PolicyDeps & { readonly newId: NewId }): Route =>
  route(
    {
      method: "post",
      path: "/v1/policy/versions",
      summary: "Propose a version of the policy, which another person must approve",
      tag: "Policy",
      access: "session",
      audits: ["policy.draft"],
      body: newPolicyVersion,
      bodyLimit: bodyLimits.policyVersion,
      answers: { 201: { description: "The draft", schema: draftedVersion } },
      problems: [
        "forbidden",
        "device_required",
        "invalid_policy",
        "policy_version_not_found",
        "too_many_drafts",
      ],
    },
    async ({ who: { actor }, body }) => {
      const { reason, beginsAtMs = null } = body;
      const content = "restores" in body ? { restores: body.restores } : { changes: body.changes };
      const draft = await draftVersion(deps, { actor }, { content, reason, beginsAtMs });
      return { status: 201, body: draft };
    },
  );

/** GET /v1/policy/versions */
const listRoute = (deps: PolicyDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/policy/versions",
      summary: "List the versions of the policy",
      tag: "Policy",
      access: "session",
      audits: ["policy.read"],
      answers: { 200: { description: "The last 100, the newest first", schema: policyVersions } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { versions: await listVersions(deps, { actor }) },
    }),
  );

/** GET /v1/policy/versions/{version} */
const showRoute = (deps: PolicyDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/policy/versions/{version}",
      summary: "Read a version of the policy",
      tag: "Policy",
      access: "session",
      audits: ["policy.read"],
      params: versionParams,
      answers: { 200: { description: "The version", schema: policyVersion } },
      problems: ["forbidden", "policy_version_not_found"],
    },
    async ({ who: { actor }, params: { version } }) => ({
      status: 200,
      body: await showVersion(deps, { actor }, version),
    }),
  );

/** GET /v1/policy/versions/{version}/preview */
const previewRoute = (deps: PolicyDeps & { readonly profiles: Profiles }): Route =>
  route(
    {
      method: "get",
      path: "/v1/policy/versions/{version}/preview",
      summary: "See who gains and who loses what by a version",
      tag: "Policy",
      access: "session",
      audits: ["policy.preview"],
      params: versionParams,
      answers: {
        200: { description: "Compared with the version in force", schema: policyPreview },
      },
      problems: ["forbidden", "policy_version_not_found"],
    },
    async ({ who: { actor }, params: { version } }) => ({
      status: 200,
      body: await previewVersion(deps, { actor }, version),
    }),
  );

/** POST /v1/policy/versions/{version}/approval */
const approveRoute = (deps: PolicyDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/policy/versions/{version}/approval",
      summary: "Approve a version of the policy that somebody else proposed",
      tag: "Policy",
      access: "session",
      audits: ["policy.effective", "policy.approve"],
      params: versionParams,
      body: versionApproval,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "When it takes effect", schema: approvedVersion } },
      problems: [
        "forbidden",
        "policy_version_not_found",
        "own_approval",
        "approval_changed",
        "approval_expired",
        "approval_used",
        "other_version_to_come",
        "device_required",
        "step_up_required",
      ],
    },
    async ({ who: { actor }, params: { version }, body: { hash } }) => ({
      status: 200,
      body: { effectiveFromMs: await approveVersion(deps, { actor }, { version, hash }) },
    }),
  );

/** DELETE /v1/policy/versions/{version} */
const withdrawRoute = (deps: PolicyDeps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/policy/versions/{version}",
      summary: "Take a draft back, or an approved version before it takes effect",
      tag: "Policy",
      access: "session",
      audits: ["policy.withdraw"],
      params: versionParams,
      answers: { 204: { description: "It never takes effect" } },
      problems: [
        "forbidden",
        "device_required",
        "policy_version_not_found",
        "policy_version_closed",
        "approval_used",
      ],
    },
    async ({ who: { actor }, params: { version } }) => {
      await withdrawVersion(deps, { actor }, version);
      return { status: 204 };
    },
  );
