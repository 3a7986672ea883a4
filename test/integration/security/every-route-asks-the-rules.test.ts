import { randomUUID } from "node:crypto";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { switchRulesOff } from "../../support/rules-off.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { routeCalls } from "./route-calls.ts";

// A walk over all routes. Each is called as somebody may call it. Then every rule that may be switched off
// is off. A route that still succeeds decides by itself.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { transcriptsEveryMs: 20 });
});
afterAll(() => server.close());

const key = "the key of the account or the device decides";
const same = "it is the same for everyone";
const fixed = "no version changes its rules";

/** The routes that succeed although the rules are off, and why. */
const asksNoRule: Readonly<Record<string, string>> = {
  "POST /v1/sessions": "there is no actor yet",
  "POST /v1/sessions/current/renew": "it concerns the session itself",
  "DELETE /v1/sessions/current": "it concerns the session itself",
  "POST /v1/devices": key,
  "GET /v1/key-log/checkpoint": same,
  "GET /v1/key-log/consistency": same,
  "GET /v1/key-log/restores": same,
  "GET /v1/key-log/authority": same,
  "GET /v1/conversations": "it lists what the rules allow, which is nothing",
  "POST /v1/relay/send": fixed,
  "GET /v1/relay/events": fixed,
  "GET /v1/relay/stream": fixed,
  "GET /v1/monitor/{tenant}/{path}": "its token decides",
  "GET /v1/policy/explanation": fixed,
  "POST /v1/policy/versions": fixed,
  "GET /v1/policy/versions": fixed,
  "GET /v1/policy/versions/{version}": fixed,
  "GET /v1/policy/versions/{version}/preview": fixed,
  "POST /v1/policy/versions/{version}/approval": fixed,
  "DELETE /v1/policy/versions/{version}": fixed,
  "GET /v1/approvals": fixed,
  "GET /v1/approvals/{id}": fixed,
  "POST /v1/approvals/{id}/approval": fixed,
  "POST /v1/approvals/{id}/refusal": fixed,
  "DELETE /v1/approvals/{id}": fixed,
  "POST /v1/conversations/{id}/break-glass": fixed,
  "GET /v1/break-glass": fixed,
  "POST /v1/break-glass/{id}/end": fixed,
  "POST /v1/break-glass/{id}/review": fixed,
  "POST /v1/requests": fixed,
  "POST /v1/users/{user}/requests": fixed,
  "GET /v1/requests": fixed,
  "GET /v1/requests/{id}": fixed,
  "POST /v1/requests/{id}/extension": fixed,
  "POST /v1/requests/{id}/decision": fixed,
  "GET /v1/request-rules": fixed,
  "PUT /v1/request-rules": fixed,
  "GET /v1/cases": fixed,
  "GET /v1/cases/{id}": fixed,
  "POST /v1/cases/{id}/repetition": fixed,
  "GET /v1/devices/current/erasures": fixed,
  "POST /v1/devices/current/erasures/{id}/acknowledgement": fixed,
  "POST /v1/request-status": "its link decides",
  "POST /v1/email-request-verification": "its link decides",
  "POST /v1/email-requests": fixed,
  "PUT /v1/requests/{id}/subject": fixed,
  "POST /v1/request-status/certificate": "its link decides",
  "POST /v1/request-status/withdrawal": "its link decides",
  "POST /v1/requests/{id}/withdrawal": fixed,
  "POST /v1/requests/{id}/link": fixed,
  "POST /v1/requests/{id}/exports": fixed,
  "GET /v1/exports/{id}": fixed,
  "GET /v1/exports/{id}/record": fixed,
  "GET /v1/exports/{id}/pages/{number}": fixed,
  "POST /v1/exports/{id}/completion": fixed,
  "GET /v1/users/{user}/erasure-plan": fixed,
  "GET /v1/erasure-consumers": fixed,
  "POST /v1/erasure-consumers": fixed,
  "DELETE /v1/erasure-consumers/{name}": fixed,
  "POST /v1/users/{user}/erasures": fixed,
  "GET /v1/erasures/{id}": fixed,
  "GET /v1/erasures/{id}/certificate": fixed,
  "POST /v1/erasures/{id}/withdrawal": fixed,
  "POST /v1/breaches": fixed,
  "GET /v1/breaches": fixed,
  "GET /v1/breaches/{id}": fixed,
  "GET /v1/breaches/{id}/subjects": fixed,
  "POST /v1/breaches/{id}/steps": fixed,
  "POST /v1/breaches/{id}/closure": fixed,
  "GET /v1/compliance-report": fixed,
  "POST /v1/holds": fixed,
  "GET /v1/holds": fixed,
  "GET /v1/holds/{id}": fixed,
  "PUT /v1/holds/{id}/review-date": fixed,
  "POST /v1/holds/{id}/release": fixed,
  "GET /v1/potential-matches": fixed,
  "POST /v1/potential-matches/{id}/answer": fixed,
  "POST /v1/reports": fixed,
  "GET /v1/reports": fixed,
  "GET /v1/report-counts": fixed,
  "GET /v1/reports/{id}": fixed,
  "POST /v1/reports/{id}/decision": fixed,
  "GET /v1/report-decisions": fixed,
  "POST /v1/reports/{id}/appeal": fixed,
  "POST /v1/reports/{id}/appeal-decision": fixed,
  "POST /v1/restrictions": fixed,
  "GET /v1/restrictions": fixed,
  "POST /v1/restrictions/{id}/lifting": fixed,
  "GET /v1/reopened-erasures": fixed,
  "POST /v1/reopened-erasures/{id}/attendance": fixed,
  "GET /v1/retention": fixed,
  "POST /v1/retention/previews": fixed,
  "POST /v1/retention/versions": fixed,
  "POST /v1/retention/locks": fixed,
  "PUT /v1/conversations/{id}/classification": fixed,
  "GET /v1/alerts": fixed,
  "POST /v1/alerts/{id}/acknowledgement": fixed,
  "GET /v1/alerts/webhook": fixed,
  "PUT /v1/alerts/webhook": fixed,
  "DELETE /v1/alerts/webhook": fixed,
  "POST /v1/alerts/webhook/test": fixed,
  "POST /v1/notices": fixed,
  "GET /v1/notices": fixed,
  "GET /v1/notices/current": fixed,
  "GET /v1/notices/{version}": fixed,
  "POST /v1/notices/views": fixed,
  "GET /v1/notices/{version}/views": fixed,
  "POST /v1/consents": fixed,
  "GET /v1/users/{user}/consents": fixed,
  "GET /v1/consents/{id}/receipt": fixed,
  "POST /v1/devices/{id}/removal": fixed,
  "PUT /v1/device-list": fixed,
  "POST /v1/account/password": fixed,
  "POST /v1/account/totp": fixed,
  "POST /v1/account/totp/confirmation": fixed,
  "DELETE /v1/account/totp": fixed,
  "POST /v1/passkey-challenges": same,
  "POST /v1/account/passkeys/options": fixed,
  "POST /v1/account/passkeys": fixed,
  "GET /v1/account/passkeys": fixed,
  "PUT /v1/account/passkeys/{id}": fixed,
  "DELETE /v1/account/passkeys/{id}": fixed,
  "POST /v1/users/{user}/password-reset": fixed,
  "DELETE /v1/users/{user}/totp": fixed,
  "GET /v1/sessions": fixed,
  "DELETE /v1/sessions/{id}": fixed,
  "POST /v1/sessions/current/activity": same,
  "POST /v1/sessions/current/step-up": "it concerns the session itself",
  "POST /v1/account/password-reset": "its link decides",
  "GET /v1/tenants/{tenant}/identity-providers": same,
  "POST /v1/tenants/{tenant}/identity-providers/{provider}/backchannel-logout": "its token decides",
  "GET /healthz": same,
  "GET /readyz": same,
};

test("the decision of each route comes from the rules: it refuses when they are off", async () => {
  const subject = randomUUID();
  const customer = await customerDevice(server, subject);
  const agent = await staffDevice(server);
  const turn = await switchRulesOff(server);
  const succeeded: string[] = [];
  for (const [name, arranged] of Object.entries(routeCalls({ server, subject, customer, agent }))) {
    const call = await arranged();
    // Whoever signs an act reads the members first.
    await turn(name.startsWith("POST /v1/conversations/{id}/") ? "acts off" : "all off");
    const { status } = await call();
    await turn("on");
    if (status < 300) succeeded.push(name);
    else expect([name, [401, 403, 404]]).toEqual([name, expect.arrayContaining([status])]);
  }
  expect(succeeded.toSorted()).toEqual(Object.keys(asksNoRule).toSorted());
}, 300_000);
