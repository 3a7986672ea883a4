import { randomBytes } from "node:crypto";
import type { Role } from "../../../policies/roles.ts";
import { addMember, closeConversation, creationBody, removeMember } from "../../support/acts.ts";
import { fakePreKeys, type TestDevice } from "../../support/device.ts";
import { follow } from "../../support/follow-audit-log.ts";
import type { TestServer } from "../../support/server.ts";
import { begin, patch, send } from "../attachments/device-requests.ts";
import { breachRights } from "./breach-rights.ts";
import { consentRights } from "./consent-rights.ts";
import { reportRights } from "./report-rights.ts";
import { restrictionRights } from "./restriction-rights.ts";
import { retentionRights } from "./retention-rights.ts";
import { erasureRights } from "./erasure-rights.ts";
import { holdRights } from "./hold-rights.ts";
import { requestRights } from "./request-rights.ts";
import type { TableFacts } from "./allowed-by-table.ts";
import { ofPlace, type Person, type RouteRight, type Target } from "./route-right.ts";

const members: readonly Role[] = ["customer", "agent", "supervisor", "bot", "archiver"];

const ofPerson = ({ device: own }: Person, { person: { device, role } }: Target): TableFacts => ({
  user: device.user,
  role,
  staff: role !== "customer",
  sharesConversation: device.user === own.user,
  hasPassword: role !== "customer",
  hasDevices: true,
  device: device.id,
});
const ofSelf = (actor: Person): TableFacts => ofPerson(actor, { person: actor } as Target);
const none = (): TableFacts => ({});
const ofUpload = (actor: Person, target: Target): TableFacts => ({
  ...ofPlace(actor, target),
  device: target.place.uploader.device.id,
  conversationState: "open",
  isPreserved: false,
});

const read = (path: (target: Target) => string) => (actor: TestDevice, target: Target) =>
  actor.request("GET", path(target));
const post =
  (path: (target: Target) => string, body?: object, method = "POST") =>
  (actor: TestDevice, target: Target) =>
    actor.request(method, path(target), { body });

/** Whom a request adds or removes: an account that is no member, or for a member its own. */
const changed = (actor: TestDevice, { place, person }: Target) =>
  place.members.some(({ device }) => device === actor) ? actor : person.device;

/** The right that each route needs, besides the key of the account or the device. */
export const routeRights = (server: TestServer): Readonly<Record<string, RouteRight>> => ({
  "POST /v1/conversations": {
    right: ["conversation", "create"],
    about: "account",
    facts: ({ device }, { person }) => ({
      state: "open",
      createdBy: device.user,
      members: [device.user, person.device.user],
      otherRoles: person.device.user === device.user ? [] : [person.role],
      unknownMembers: [],
    }),
    call: async (actor, { person }) =>
      actor.request("POST", "/v1/conversations", {
        body: await creationBody(actor, person.device === actor ? [] : [person.device.user]),
      }),
  },
  "GET /v1/conversations/{id}": {
    right: ["conversation", "read_members"],
    about: "conversation",
    facts: ofPlace,
    call: read(({ place }) => `/v1/conversations/${place.id}`),
  },
  "POST /v1/conversations/{id}/members": {
    right: ["conversation", "add_member"],
    about: "conversation",
    facts: (actor, target) => ({
      ...ofPlace(actor, target),
      "subject.user": target.person.device.user,
      "subject.role": target.person.role,
    }),
    call: (actor, { place, person }) => addMember(actor, place.id, person.device.user),
  },
  "POST /v1/conversations/{id}/removals": {
    right: ["conversation", "remove_member"],
    about: "conversation",
    facts: (actor, target) => ({
      ...ofPlace(actor, target),
      "subject.user": changed(actor.device, target).user,
      "subject.role":
        changed(actor.device, target) === actor.device ? actor.role : target.person.role,
    }),
    call: (actor, target) => removeMember(actor, target.place.id, changed(actor, target).user),
    without: "member_not_found",
  },
  "POST /v1/conversations/{id}/close": {
    right: ["conversation", "close"],
    about: "conversation",
    facts: ofPlace,
    call: (actor, { place }) => closeConversation(actor, place.id),
  },
  ...consentRights,
  "GET /v1/conversations/{id}/history-grants/{grant}/links": {
    right: ["conversation", "read"],
    about: "conversation",
    facts: ofPlace,
    call: read(({ place }) => {
      const grant = "00000000-0000-7000-8000-000000000001";
      return `/v1/conversations/${place.id}/history-grants/${grant}/links?until=4`;
    }),
    without: "grant_not_found",
  },
  "POST /v1/attachments": {
    right: ["conversation", "upload"],
    about: "conversation",
    facts: ofPlace,
    call: async (actor, { place }) => (await begin(server, actor, place.id, 10)).reply,
  },
  "HEAD /v1/attachments/{id}": {
    right: ["upload", "continue"],
    about: "conversation",
    facts: ofUpload,
    call: (actor, { place }) => send(server, actor, "HEAD", place.upload),
  },
  "PATCH /v1/attachments/{id}": {
    right: ["upload", "continue"],
    about: "conversation",
    facts: ofUpload,
    call: (actor, { place }) => patch(server, actor, place.upload, 0, randomBytes(1)),
  },
  "GET /v1/users/{user}/devices": {
    right: ["directory", "read_devices"],
    about: "account",
    facts: ofPerson,
    call: read(({ person }) => `/v1/users/${person.device.user}/devices`),
  },
  "GET /v1/users/{user}/key-history": {
    right: ["directory", "read_devices"],
    about: "account",
    facts: ofPerson,
    call: read(({ person }) => `/v1/users/${person.device.user}/key-history`),
  },
  "POST /v1/devices/{id}/bundle": {
    right: ["directory", "take_bundle"],
    about: "account",
    facts: ofPerson,
    call: post(({ person }) => `/v1/devices/${person.device.id}/bundle`),
  },
  "PUT /v1/devices/current/prekeys": {
    right: ["directory", "publish_prekeys"],
    about: "self",
    facts: ofSelf,
    call: (actor) =>
      actor.request("PUT", "/v1/devices/current/prekeys", {
        body: fakePreKeys({ firstId: 100, signedId: 2 }),
      }),
  },
  "GET /v1/devices/current/prekeys": {
    right: ["directory", "publish_prekeys"],
    about: "self",
    facts: ofSelf,
    call: read(() => "/v1/devices/current/prekeys"),
  },
  "GET /v1/sessions": {
    right: ["credentials", "list_sessions"],
    about: "self",
    facts: ofSelf,
    call: read(() => "/v1/sessions"),
  },
  "GET /v1/account/passkeys": {
    right: ["credentials", "list_passkeys"],
    about: "self",
    facts: ofSelf,
    call: read(() => "/v1/account/passkeys"),
  },
  "POST /v1/users/{user}/password-reset": {
    right: ["credentials", "reset_password"],
    about: "account",
    facts: ofPerson,
    call: post(({ person }) => `/v1/users/${person.device.user}/password-reset`),
  },
  "POST /v1/users/{user}/reset": {
    right: ["directory", "reset_account"],
    about: "account",
    facts: ofPerson,
    call: post(({ person }) => `/v1/users/${person.device.user}/reset`, { reason: "devices_lost" }),
  },
  "DELETE /v1/devices/{id}": {
    right: ["directory", "revoke_device"],
    about: "account",
    // The route is for devices of others. The account signs the removal of its own.
    facts: (actor, target) => ({ ...ofPerson(actor, target), user: "another" }),
    call: post(({ person }) => `/v1/devices/${person.device.id}`, undefined, "DELETE"),
    without: "device_not_found",
  },
  "GET /v1/staff": {
    right: ["staff_list", "read"],
    about: "tenant",
    facts: none,
    call: read(() => "/v1/staff"),
  },
  "GET /v1/audit/log/{path}": {
    right: ["audit_log", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => send(server, actor, "GET", "/v1/audit/log/checkpoint"),
  },
  "GET /v1/audit/entries": {
    right: ["audit_log", "read"],
    about: "tenant",
    facts: none,
    call: read(() => "/v1/audit/entries?action=user.create"),
  },
  "GET /v1/audit/names": {
    right: ["account_names", "read"],
    about: "tenant",
    facts: none,
    call: read(({ person }) => `/v1/audit/names?ids=${person.device.user}`),
  },
  "GET /v1/audit/accounts": {
    right: ["audit_log", "read"],
    about: "tenant",
    facts: none,
    call: read(() => `/v1/audit/accounts?at=1`),
  },
  "GET /v1/audit/disclosures": {
    right: ["disclosures", "read"],
    about: "account",
    facts: none,
    call: read(({ person }) => `/v1/audit/disclosures?subject=${person.device.user}`),
  },
  "GET /v1/audit/tail": {
    right: ["audit_log", "read"],
    about: "tenant",
    facts: none,
    call: async (actor) => {
      const answer = await follow(server, actor);
      if (answer.ok) await answer.body?.cancel();
      return answer;
    },
  },
  "GET /v1/alerts": {
    right: ["alerts", "read"],
    about: "tenant",
    facts: none,
    call: read(() => "/v1/alerts"),
  },
  "POST /v1/alerts/{id}/acknowledgement": {
    right: ["alerts", "acknowledge"],
    about: "tenant",
    facts: none,
    call: post(() => `/v1/alerts/00000000-0000-7000-8000-000000000001/acknowledgement`),
    without: "alert_not_found",
  },
  ...breachRights(server),
  ...holdRights(server),
  ...restrictionRights,
  ...reportRights,
  "GET /v1/alerts/webhook": {
    right: ["alerts", "read_webhook"],
    about: "tenant",
    facts: none,
    call: read(() => "/v1/alerts/webhook"),
    without: "webhook_not_set",
  },
  "PUT /v1/alerts/webhook": {
    right: ["alerts", "set_webhook"],
    about: "tenant",
    facts: none,
    call: post(() => "/v1/alerts/webhook", { url: "no URL" }, "PUT"),
  },
  "DELETE /v1/alerts/webhook": {
    right: ["alerts", "set_webhook"],
    about: "tenant",
    facts: none,
    call: post(() => "/v1/alerts/webhook", undefined, "DELETE"),
    without: "webhook_not_set",
  },
  "POST /v1/alerts/webhook/test": {
    right: ["alerts", "set_webhook"],
    about: "tenant",
    facts: none,
    call: post(() => "/v1/alerts/webhook/test"),
    without: "webhook_not_set",
  },
  ...retentionRights,
  ...requestRights,
  ...erasureRights,
  "GET /v1/approvals": {
    right: ["approvals", "read"],
    about: "tenant",
    facts: none,
    call: read(() => "/v1/approvals"),
  },
  "GET /v1/policy/explanation": {
    right: ["policy", "explain_members"],
    about: "account",
    facts: none,
    call: read(({ person: { device } }) => {
      const query = `user=${device.user}&action=read_devices&resource=directory:${device.user}`;
      return `/v1/policy/explanation?${query}`;
    }),
  },
  "POST /v1/policy/versions": {
    right: ["policy", "propose"],
    about: "tenant",
    facts: none,
    call: post(() => "/v1/policy/versions", {
      changes: { off: [], add: [] },
      reason: "a test",
    }),
  },
  "GET /v1/policy/versions": {
    right: ["policy", "read"],
    about: "tenant",
    facts: none,
    call: read(() => "/v1/policy/versions"),
  },
  "GET /v1/policy/versions/{version}": {
    right: ["policy", "read"],
    about: "tenant",
    facts: none,
    call: read(({ draft }) => `/v1/policy/versions/${draft.version}`),
  },
  "GET /v1/policy/versions/{version}/preview": {
    right: ["policy", "preview"],
    about: "tenant",
    facts: none,
    call: read(({ draft }) => `/v1/policy/versions/${draft.version}/preview`),
  },
  "POST /v1/policy/versions/{version}/approval": {
    right: ["policy", "approve"],
    about: "tenant",
    facts: () => ({ requester: "another" }),
    call: (actor, { draft: { version, hash } }) =>
      actor.request("POST", `/v1/policy/versions/${version}/approval`, { body: { hash } }),
  },
  "DELETE /v1/policy/versions/{version}": {
    right: ["policy", "withdraw"],
    about: "tenant",
    facts: none,
    call: post(({ draft }) => `/v1/policy/versions/${draft.version}`, undefined, "DELETE"),
  },
});

/** The routes of programs with an API key, and the scope that each needs. */
export const scopeOf: Readonly<Record<string, string>> = {
  "GET /v1/admin/{tenant}/staff": "read_staff",
  "POST /v1/admin/{tenant}/staff": "create_staff",
  "PUT /v1/admin/{tenant}/staff/{user}/role": "set_role",
  "POST /v1/admin/{tenant}/staff/{user}/reset": "reset_account",
  "POST /v1/admin/{tenant}/staff/{user}/disable": "disable_account",
  "POST /v1/admin/{tenant}/staff/{user}/enable": "enable_account",
  "POST /v1/admin/{tenant}/staff/{user}/password-reset": "reset_password",
  "DELETE /v1/admin/{tenant}/staff/{user}/second-factor": "reset_factor",
  "GET /v1/admin/{tenant}/staff/{user}/passkeys": "read_staff",
  "DELETE /v1/admin/{tenant}/staff/{user}/passkeys/{passkey}": "reset_factor",
  "GET /v1/admin/{tenant}/settings": "read_settings",
  "PUT /v1/admin/{tenant}/settings/staff-grants": "change_settings",
  "PUT /v1/admin/{tenant}/settings/purpose-of-use": "change_settings",
  "PUT /v1/admin/{tenant}/settings/accounting": "change_settings",
  "PUT /v1/admin/{tenant}/settings/message-revisions": "change_settings",
  "PUT /v1/admin/{tenant}/settings/anonymous-customers": "change_sign_in",
  "PUT /v1/admin/{tenant}/settings/second-factor": "change_sign_in",
  "PUT /v1/admin/{tenant}/settings/idle-log-off": "change_sign_in",
  "POST /v1/admin/{tenant}/origins": "change_origins",
  "DELETE /v1/admin/{tenant}/origins": "change_origins",
  "POST /v1/admin/{tenant}/customer-keys": "change_customer_keys",
  "PUT /v1/admin/{tenant}/customer-keys": "change_customer_keys",
  "DELETE /v1/admin/{tenant}/customer-keys/{kid}": "change_customer_keys",
  "POST /v1/admin/{tenant}/customer-keys/{kid}/revocation": "change_customer_keys",
  "DELETE /v1/admin/{tenant}/customer-keys/{kid}/revocation": "unrevoke_customer_keys",
  "PUT /v1/admin/{tenant}/customer-jwks-url": "change_customer_keys",
  "GET /v1/admin/{tenant}/identity-providers": "read_settings",
  "POST /v1/admin/{tenant}/identity-providers": "change_identity_providers",
  "DELETE /v1/admin/{tenant}/identity-providers/{provider}": "change_identity_providers",
  "POST /v1/admin/{tenant}/identity-providers/{provider}/test": "change_identity_providers",
  "PUT /v1/admin/{tenant}/staff/{user}/identity": "link_identity",
  "GET /v1/admin/{tenant}/teams": "read_staff",
  "PUT /v1/admin/{tenant}/teams/{team}/members/{user}": "change_teams",
  "DELETE /v1/admin/{tenant}/teams/{team}/members/{user}": "change_teams",
  "PUT /v1/admin/{tenant}/identity-providers/{provider}/teams": "change_identity_providers",
};

export const canBeMember = (role: Role): boolean => members.includes(role);
