import { problemKinds } from "../../../contract/problems.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { name: string; in: string; required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Record<string, { description: string; content?: object }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Record<string, Record<string, unknown>>;
}

let server: TestServer;
let document: Document;
let operations: [name: string, operation: Operation][];
beforeAll(async () => {
  server = await startTestServer();
  document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
});
afterAll(() => server.close());

test("the document names every route", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(operations.map(([name]) => name).toSorted()).toEqual(
    [
      "POST /v1/sessions",
      "GET /v1/tenants/{tenant}/identity-providers",
      "POST /v1/tenants/{tenant}/identity-providers/{provider}/backchannel-logout",
      "POST /v1/sessions/current/renew",
      "DELETE /v1/sessions/current",
      "POST /v1/account/password",
      "POST /v1/account/password-reset",
      "POST /v1/users/{user}/password-reset",
      "GET /v1/sessions",
      "POST /v1/sessions/current/activity",
      "DELETE /v1/sessions/{id}",
      "POST /v1/account/totp",
      "POST /v1/account/totp/confirmation",
      "DELETE /v1/account/totp",
      "DELETE /v1/users/{user}/totp",
      "POST /v1/sessions/current/step-up",
      "POST /v1/passkey-challenges",
      "POST /v1/account/passkeys/options",
      "POST /v1/account/passkeys",
      "GET /v1/account/passkeys",
      "PUT /v1/account/passkeys/{id}",
      "DELETE /v1/account/passkeys/{id}",
      "POST /v1/devices",
      "DELETE /v1/devices/{id}",
      "POST /v1/devices/{id}/removal",
      "PUT /v1/device-list",
      "GET /v1/users/{user}/devices",
      "GET /v1/users/{user}/key-history",
      "GET /v1/key-log/checkpoint",
      "GET /v1/key-log/consistency",
      "GET /v1/key-log/authority",
      "GET /v1/key-log/restores",
      "POST /v1/users/{user}/reset",
      "PUT /v1/devices/current/prekeys",
      "GET /v1/devices/current/prekeys",
      "POST /v1/devices/current/prekeys/check",
      "POST /v1/devices/{id}/bundle",
      "POST /v1/link-requests",
      "GET /v1/link-requests/{id}",
      "DELETE /v1/link-requests/{id}",
      "POST /v1/link-requests/{id}/approval",
      "POST /v1/link-requests/{id}/refusal",
      "GET /v1/staff",
      "POST /v1/conversations",
      "GET /v1/conversations",
      "GET /v1/conversations/{id}",
      "POST /v1/conversations/{id}/members",
      "POST /v1/conversations/{id}/removals",
      "POST /v1/conversations/{id}/close",
      "POST /v1/conversations/{id}/history-grants",
      "GET /v1/conversations/{id}/history-grants/{grant}/links",
      "POST /v1/attachments",
      "HEAD /v1/attachments/{id}",
      "PATCH /v1/attachments/{id}",
      "DELETE /v1/attachments/{id}",
      "GET /v1/attachments/{id}",
      "POST /v1/relay/send",
      "GET /v1/relay/events",
      "GET /v1/relay/stream",
      "GET /v1/audit/log/{path}",
      "GET /v1/monitor/{tenant}/{path}",
      "GET /v1/admin/{tenant}/staff",
      "POST /v1/admin/{tenant}/staff",
      "PUT /v1/admin/{tenant}/staff/{user}/role",
      "POST /v1/admin/{tenant}/staff/{user}/reset",
      "POST /v1/admin/{tenant}/staff/{user}/disable",
      "POST /v1/admin/{tenant}/staff/{user}/enable",
      "POST /v1/admin/{tenant}/staff/{user}/password-reset",
      "DELETE /v1/admin/{tenant}/staff/{user}/second-factor",
      "GET /v1/admin/{tenant}/staff/{user}/passkeys",
      "DELETE /v1/admin/{tenant}/staff/{user}/passkeys/{passkey}",
      "GET /v1/admin/{tenant}/settings",
      "PUT /v1/admin/{tenant}/settings/staff-grants",
      "PUT /v1/admin/{tenant}/settings/purpose-of-use",
      "PUT /v1/admin/{tenant}/settings/accounting",
      "PUT /v1/admin/{tenant}/settings/message-revisions",
      "PUT /v1/admin/{tenant}/settings/anonymous-customers",
      "PUT /v1/admin/{tenant}/settings/second-factor",
      "PUT /v1/admin/{tenant}/settings/idle-log-off",
      "POST /v1/admin/{tenant}/origins",
      "DELETE /v1/admin/{tenant}/origins",
      "POST /v1/admin/{tenant}/customer-keys",
      "PUT /v1/admin/{tenant}/customer-keys",
      "DELETE /v1/admin/{tenant}/customer-keys/{kid}",
      "POST /v1/admin/{tenant}/customer-keys/{kid}/revocation",
      "DELETE /v1/admin/{tenant}/customer-keys/{kid}/revocation",
      "PUT /v1/admin/{tenant}/customer-jwks-url",
      "GET /v1/admin/{tenant}/identity-providers",
      "POST /v1/admin/{tenant}/identity-providers",
      "DELETE /v1/admin/{tenant}/identity-providers/{provider}",
      "POST /v1/admin/{tenant}/identity-providers/{provider}/test",
      "PUT /v1/admin/{tenant}/staff/{user}/identity",
      "GET /v1/admin/{tenant}/teams",
      "PUT /v1/admin/{tenant}/teams/{team}/members/{user}",
      "DELETE /v1/admin/{tenant}/teams/{team}/members/{user}",
      "PUT /v1/admin/{tenant}/identity-providers/{provider}/teams",
      "POST /v1/operator/tenants",
      "GET /v1/operator/tenants/{tenant}",
      "PUT /v1/operator/tenants/{tenant}/suspension",
      "DELETE /v1/operator/tenants/{tenant}/suspension",
      "PUT /v1/operator/tenants/{tenant}/limits",
      "PUT /v1/operator/tenants/{tenant}/required-consents",
      "GET /scim/v2/{tenant}/{provider}/ServiceProviderConfig",
      "GET /scim/v2/{tenant}/{provider}/ResourceTypes",
      "GET /scim/v2/{tenant}/{provider}/Schemas",
      "GET /scim/v2/{tenant}/{provider}/Users",
      "GET /scim/v2/{tenant}/{provider}/Users/{id}",
      "POST /scim/v2/{tenant}/{provider}/Users",
      "PUT /scim/v2/{tenant}/{provider}/Users/{id}",
      "PATCH /scim/v2/{tenant}/{provider}/Users/{id}",
      "DELETE /scim/v2/{tenant}/{provider}/Users/{id}",
      "GET /scim/v2/{tenant}/{provider}/Groups",
      "GET /scim/v2/{tenant}/{provider}/Groups/{id}",
      "POST /scim/v2/{tenant}/{provider}/Groups",
      "PUT /scim/v2/{tenant}/{provider}/Groups/{id}",
      "PATCH /scim/v2/{tenant}/{provider}/Groups/{id}",
      "DELETE /scim/v2/{tenant}/{provider}/Groups/{id}",
      "GET /v1/audit/entries",
      "GET /v1/audit/names",
      "GET /v1/audit/accounts",
      "GET /v1/audit/disclosures",
      "GET /v1/audit/tail",
      "GET /v1/policy/explanation",
      "POST /v1/policy/versions",
      "GET /v1/policy/versions",
      "GET /v1/policy/versions/{version}",
      "GET /v1/policy/versions/{version}/preview",
      "POST /v1/policy/versions/{version}/approval",
      "DELETE /v1/policy/versions/{version}",
      "POST /v1/approvals",
      "GET /v1/approvals",
      "GET /v1/approvals/{id}",
      "POST /v1/approvals/{id}/approval",
      "POST /v1/approvals/{id}/refusal",
      "DELETE /v1/approvals/{id}",
      "POST /v1/notices",
      "GET /v1/notices",
      "GET /v1/notices/current",
      "GET /v1/notices/{version}",
      "POST /v1/notices/views",
      "GET /v1/notices/{version}/views",
      "POST /v1/consents",
      "GET /v1/users/{user}/consents",
      "GET /v1/conversations/{id}/consents/{purpose}",
      "GET /v1/consents/{id}/receipt",
      "POST /v1/conversations/{id}/break-glass",
      "GET /v1/break-glass",
      "POST /v1/break-glass/{id}/end",
      "POST /v1/break-glass/{id}/review",
      "POST /v1/requests",
      "POST /v1/users/{user}/requests",
      "GET /v1/requests",
      "GET /v1/requests/{id}",
      "POST /v1/requests/{id}/extension",
      "POST /v1/requests/{id}/decision",
      "POST /v1/requests/{id}/withdrawal",
      "POST /v1/requests/{id}/link",
      "POST /v1/requests/{id}/exports",
      "GET /v1/exports/{id}",
      "GET /v1/exports/{id}/record",
      "GET /v1/exports/{id}/pages/{number}",
      "POST /v1/exports/{id}/completion",
      "GET /v1/users/{user}/erasure-plan",
      "GET /v1/erasure-consumers",
      "POST /v1/erasure-consumers",
      "DELETE /v1/erasure-consumers/{name}",
      "POST /v1/users/{user}/erasures",
      "GET /v1/erasures/{id}",
      "GET /v1/erasures/{id}/certificate",
      "POST /v1/erasures/{id}/withdrawal",
      "GET /v1/request-rules",
      "PUT /v1/request-rules",
      "GET /v1/cases",
      "GET /v1/cases/{id}",
      "POST /v1/cases/{id}/repetition",
      "GET /v1/devices/current/erasures",
      "POST /v1/devices/current/erasures/{id}/acknowledgement",
      "POST /v1/request-status",
      "POST /v1/email-request-verification",
      "POST /v1/email-requests",
      "PUT /v1/requests/{id}/subject",
      "POST /v1/request-status/certificate",
      "POST /v1/request-status/withdrawal",
      "POST /v1/breaches",
      "GET /v1/breaches",
      "GET /v1/breaches/{id}",
      "GET /v1/breaches/{id}/subjects",
      "POST /v1/breaches/{id}/steps",
      "POST /v1/breaches/{id}/closure",
      "GET /v1/compliance-report",
      "POST /v1/holds",
      "GET /v1/holds",
      "GET /v1/holds/{id}",
      "PUT /v1/holds/{id}/review-date",
      "POST /v1/holds/{id}/release",
      "GET /v1/potential-matches",
      "POST /v1/potential-matches/{id}/answer",
      "POST /v1/reports",
      "GET /v1/reports",
      "GET /v1/report-counts",
      "GET /v1/reports/{id}",
      "POST /v1/reports/{id}/decision",
      "GET /v1/report-decisions",
      "POST /v1/reports/{id}/appeal",
      "POST /v1/reports/{id}/appeal-decision",
      "POST /v1/restrictions",
      "GET /v1/restrictions",
      "POST /v1/restrictions/{id}/lifting",
      "GET /v1/reopened-erasures",
      "POST /v1/reopened-erasures/{id}/attendance",
      "GET /v1/retention",
      "POST /v1/retention/previews",
      "POST /v1/retention/versions",
      "POST /v1/retention/locks",
      "PUT /v1/conversations/{id}/classification",
      "GET /v1/alerts",
      "POST /v1/alerts/{id}/acknowledgement",
      "GET /v1/alerts/webhook",
      "PUT /v1/alerts/webhook",
      "DELETE /v1/alerts/webhook",
      "POST /v1/alerts/webhook/test",
      "GET /healthz",
      "GET /readyz",
    ].toSorted(),
  );
});

test("every route it names is served, and no other", async () => {
  for (const [name] of operations) {
    const [method = "", path = ""] = name.split(" ");
    const url = server.url + path.replaceAll(/\{\w+\}/g, "00000000-0000-4000-8000-000000000000");
    expect([name, (await fetch(url, { method })).status]).not.toEqual([name, 404]);
  }
  expect((await fetch(`${server.url}/v1/unknown`)).status).toBe(404);
});

test("every reference resolves", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(5);
  for (const [, path = ""] of references) {
    const [, kind = "", name = ""] = path.split("/");
    expect([path, document.components[kind]?.[name]]).not.toEqual([path, undefined]);
  }
});

test("every operation has an id of its own, its path's parameters, answers and security", () => {
  expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(
    operations.length,
  );
  for (const [name, operation] of operations) {
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const declared = (operation.parameters ?? []).filter((each) => each.in === "path");
    expect([name, declared.map((each) => each.name)]).toEqual([name, inPath]);
    expect(declared.every(({ required }) => required)).toBe(true);
    expect(operation.summary).not.toBe("");
    const statuses = Object.keys(operation.responses);
    expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
    for (const { description } of Object.values(operation.responses))
      expect(description).not.toBe("");
    const isPublic =
      /^(POST \/v1\/(sessions|passkey-challenges|tenants.*|account\/password-reset|request-status.*|email-request-verification)|GET \/(healthz|readyz|v1\/tenants.*))$/.test(
        name,
      );
    const either = name === "POST /v1/relay/send" ? 2 : 1;
    expect([name, operation.security.length]).toEqual([name, isPublic ? 0 : either]);
    if (!isPublic) expect(statuses).toContain("401");
  }
});

/** What the server answers before it knows the route, or because of a fault of its own. */
const ofAnyRequest = [
  "headers_too_large",
  "internal_error",
  "audit_entry_not_stored",
  "audit_sink_unavailable",
];
/** What only the relay's frames carry. */
const ofTheRelay = [
  "unavailable",
  "stale_message_id",
  "message_too_large",
  "stale_epoch",
  "key_expired",
];

test("its problems are those of the contract", () => {
  const documented = operations.flatMap(([, { responses }]) =>
    Object.entries(responses).flatMap(([status, { description }]) =>
      [...description.matchAll(/(?<=^|, )`(\w+)`(?=,|$)/g)].map(([, code = ""]) => ({
        status,
        code,
      })),
    ),
  );
  const codes = new Set(documented.map(({ code }) => code));

  expect([...codes, ...ofAnyRequest, ...ofTheRelay].toSorted()).toEqual(
    Object.keys(problemKinds).toSorted(),
  );
});

test("requests and answers of the document are closed, and what may be null says so", () => {
  const schemas = document.components["schemas"] as Record<string, { [word: string]: unknown }>;
  for (const [name, schema] of Object.entries(schemas))
    if (schema["type"] === "object")
      expect([name, schema["additionalProperties"]]).toEqual([name, false]);
  const { properties } = schemas["Link"] as { properties: Record<string, unknown> };
  expect(properties["control"]).toMatchObject({
    anyOf: [{ type: "string", contentEncoding: "base64url" }, { type: "null" }],
  });
});

describe("pages for people", () => {
  test.each(["/", "/v1/docs", "/password-reset"])(
    "%s is HTML with a language, a title and one main part",
    async (path) => {
      const response = await fetch(server.url + path);
      const html = await response.text();
      expect(response.headers.get("content-type")).toMatch(/^text\/html/);
      expect(html).toMatch(/<html lang="en">/);
      expect(html).toMatch(/<title>[^<]+<\/title>/);
      expect(html.match(/<main/g)).toHaveLength(1);
      // What the content security policy would not run.
      expect(html).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/);
      const links = [...html.matchAll(/(?:href|src)="([^"]+)"/g)];
      for (const [, link = ""] of links) {
        const target = new URL(link, response.url);
        expect(target.origin).toBe(server.url);
        const linked = await fetch(target);
        await linked.arrayBuffer();
        expect([link, linked.status]).toEqual([link, 200]);
      }
    },
  );

  test("every page has a content security policy without inline code", async () => {
    const policy = (await fetch(server.url)).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("'unsafe-");
  });
});
