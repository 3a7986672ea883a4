const key = "the same for every role: the key of the account or the device decides";
const self = "the same for every role: it concerns the session itself";
const frames = "its frames: test/integration/relay";
const everyone = "the same for everyone";
const ownPasskey = "it finds passkeys of the own account only: test/integration/control-plane";
const itsRequest =
  "it needs a request of somebody else: test/integration/control-plane/break-glass";
const ownPassword = "the password decides besides the rule: test/integration/control-plane";

/** The routes of identity providers, which write staff and groups. */
const scimRoutes = (): readonly string[] => {
  const descriptions = ["ServiceProviderConfig", "ResourceTypes", "Schemas"].map(
    (name) => `GET ${name}`,
  );
  const written = ["Users", "Groups"].flatMap((name) => [
    ...["GET", "POST"].map((method) => `${method} ${name}`),
    ...["GET", "PUT", "PATCH", "DELETE"].map((method) => `${method} ${name}/{id}`),
  ]);
  return [...descriptions, ...written].map((name) =>
    name.replace(" ", " /scim/v2/{tenant}/{provider}/"),
  );
};

/** The routes of the operator's programs. */
const operatorRoutes = [
  "POST /v1/operator/tenants",
  "GET /v1/operator/tenants/{tenant}",
  "PUT /v1/operator/tenants/{tenant}/suspension",
  "DELETE /v1/operator/tenants/{tenant}/suspension",
  "PUT /v1/operator/tenants/{tenant}/limits",
  "PUT /v1/operator/tenants/{tenant}/required-consents",
];

/** The routes that the walk over roles does not call, and why. */
export const notByRole: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    operatorRoutes.map((name) => [
      name,
      "a key of the operator decides: test/integration/control-plane/operator-api",
    ]),
  ),
  ...Object.fromEntries(
    scimRoutes().map((name) => [name, "the token of an identity provider decides"]),
  ),
  "POST /v1/sessions": "there is no actor yet",
  "POST /v1/sessions/current/renew": self,
  "DELETE /v1/sessions/current": self,
  "POST /v1/sessions/current/step-up": self,
  "DELETE /v1/sessions/{id}": "it finds sessions of the own account only",
  "POST /v1/devices": key,
  "POST /v1/devices/{id}/removal": key,
  "PUT /v1/device-list": key,
  "POST /v1/devices/current/prekeys/check": key,
  "POST /v1/link-requests": key,
  "GET /v1/link-requests/{id}": key,
  "DELETE /v1/link-requests/{id}": key,
  "POST /v1/link-requests/{id}/approval": key,
  "POST /v1/link-requests/{id}/refusal": key,
  "GET /v1/key-log/checkpoint": everyone,
  "GET /v1/key-log/consistency": everyone,
  "GET /v1/key-log/restores": everyone,
  "GET /v1/key-log/authority": everyone,
  "GET /v1/tenants/{tenant}/identity-providers": everyone,
  "GET /healthz": everyone,
  "GET /readyz": everyone,
  "POST /v1/tenants/{tenant}/identity-providers/{provider}/backchannel-logout": "its token decides",
  "GET /v1/monitor/{tenant}/{path}": "its token decides",
  "POST /v1/account/password-reset": "its link decides",
  "POST /v1/account/password": ownPassword,
  "POST /v1/account/totp": ownPassword,
  "POST /v1/account/totp/confirmation": ownPassword,
  "DELETE /v1/account/totp": ownPassword,
  "DELETE /v1/users/{user}/totp": "it needs a second factor: test/integration/control-plane",
  "POST /v1/passkey-challenges": "there is no actor yet",
  "POST /v1/sessions/current/activity": self,
  "POST /v1/account/passkeys/options": ownPassword,
  "POST /v1/account/passkeys": ownPassword,
  "PUT /v1/account/passkeys/{id}": ownPasskey,
  "DELETE /v1/account/passkeys/{id}": ownPasskey,
  "POST /v1/approvals":
    "it needs a policy that demands it: test/integration/control-plane/second-person",
  "GET /v1/approvals/{id}": itsRequest,
  "POST /v1/approvals/{id}/approval": itsRequest,
  "POST /v1/approvals/{id}/refusal": itsRequest,
  "DELETE /v1/approvals/{id}": itsRequest,
  "GET /v1/break-glass": "a list, of what the rules allow: test/integration/control-plane",
  "POST /v1/conversations/{id}/break-glass": itsRequest,
  "POST /v1/break-glass/{id}/end": itsRequest,
  "POST /v1/break-glass/{id}/review": itsRequest,
  "GET /v1/requests/{id}": "it finds what the list shows: test/integration/workflows/requests",
  "GET /v1/cases/{id}": "it finds what the list shows: test/integration/workflows/requests",
  "POST /v1/request-status": "its link decides",
  "POST /v1/email-request-verification": "its link decides",
  "POST /v1/request-status/certificate": "its link decides",
  "POST /v1/request-status/withdrawal": "its link decides",
  "POST /v1/requests/{id}/withdrawal":
    "it finds what the list shows: test/integration/erasure/requested-erasure",
  "GET /v1/holds/{id}": "its custodian decides: test/integration/workflows/holds",
  "POST /v1/relay/send": frames,
  "GET /v1/relay/events": frames,
  "GET /v1/relay/stream": frames,
  "POST /v1/conversations/{id}/history-grants":
    "the signed range decides: test/integration/control-plane",
  "GET /v1/attachments/{id}": "the time of the membership decides: test/integration/attachments",
  "DELETE /v1/attachments/{id}": "whoever began it: test/integration/attachments",
  "GET /v1/notices/current": everyone,
  "GET /v1/notices/{version}": everyone,
  "POST /v1/notices/views": key,
  "GET /v1/users/{user}/consents":
    "one's own, or an officer: test/integration/control-plane/consents",
  "GET /v1/consents/{id}/receipt":
    "one's own, or an officer: test/integration/control-plane/consents",
  "GET /v1/conversations": "a list: see the end of the walk",
};
