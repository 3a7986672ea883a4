import { randomBytes, randomUUID } from "node:crypto";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { joinFrames } from "../../../crypto/wire/frame-batch.ts";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import { addMonitor } from "../../../identity/audit-log/monitors.ts";
import { addMember, closeConversation, creationBody, removeMember } from "../../support/acts.ts";
import { customerDevice, fakePreKeys, staffDevice, TestDevice } from "../../support/device.ts";
import {
  logoutClaims,
  refuseCodes,
  startDishonestProvider,
} from "../../support/dishonest-provider.ts";
import { follow } from "../../support/follow-audit-log.ts";
import { register } from "../../support/identity-provider.ts";
import { RelayOverHttp } from "../../support/relay-over-http.ts";
import { createConversation, helloOf } from "../../support/relay-socket.ts";
import { partsOfLink } from "../../support/reset-link.ts";
import { beginTotp, enrolTotp } from "../../support/second-factor.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";
import { callsElsewhere } from "./calls-elsewhere.ts";
import { alertWebhookCalls } from "./alert-webhook-calls.ts";
import { begin, patch, send, uploaded } from "../attachments/device-requests.ts";
import { arrange, grantBy, postGrant } from "../control-plane/history-requests.ts";

/** A server with a customer of this subject and an agent, whose devices are registered. */
interface Participants {
  readonly server: TestServer;
  readonly subject: string;
  readonly customer: TestDevice;
  readonly agent: TestDevice;
}

/** A version of the policy that changes nothing. */
const nothingChanged = { changes: { off: [], add: [] }, reason: "a test" };

/** What each route is called for, once everything it needs is there. */
export function routeCalls({
  server,
  subject,
  customer,
  agent,
}: Participants): Readonly<Record<string, () => Promise<Act>>> {
  const conversationOf = () => createConversation(customer, [agent]);
  const another = async () => {
    const device = new TestDevice(server);
    await device.signInAsCustomer(randomUUID());
    return device;
  };

  const auditorOf = async () => {
    const auditor = new TestDevice(server);
    await auditor.signInAsStaff(await server.createStaff("auditor"));
    return auditor;
  };

  const draftedVersion = async () => {
    const admin = await staffDevice(server, "admin");
    const { body } = await admin.request("POST", "/v1/policy/versions", { body: nothingChanged });
    return { admin, hash: body.hash as string, path: `/v1/policy/versions/${body.version}` };
  };

  /** A new device of the customer, which may ask to join the account. */
  const linking = async () => {
    await server.database.owner.query("delete from sealdesk.link_requests");
    const device = new TestDevice(server);
    await device.signInAsCustomer(subject);
    const [id, ephemeralKey] = [randomUUID(), toBase64Url(randomBytes(32))];
    const body = { id, device: device.id, ephemeralKey };
    const ask = () => device.request("POST", "/v1/link-requests", { body });
    return { device, ask, path: `/v1/link-requests/${id}` };
  };
  const asked = async () => {
    const { device, ask, path } = await linking();
    await ask();
    return { device, path };
  };

  return {
    "POST /v1/sessions": async () => {
      const [device, staff] = [new TestDevice(server), await server.createStaff("agent")];
      return () => device.signInAsStaff(staff);
    },
    "GET /v1/tenants/{tenant}/identity-providers": async () => () =>
      fetch(`${server.url}/v1/tenants/${server.tenant.slug}/identity-providers`),
    "POST /v1/tenants/{tenant}/identity-providers/{provider}/backchannel-logout": async () => {
      const provider = await startDishonestProvider();
      refuseCodes(provider);
      const { issuer } = provider;
      await register(server, server.tenant, { name: "idp", issuer });
      const token = provider.token({ claims: logoutClaims(issuer, server.clock.now()) });
      const path = `/v1/tenants/${server.tenant.slug}/identity-providers/idp/backchannel-logout`;
      return async () => {
        const body = new URLSearchParams({ logout_token: token });
        const answer = await fetch(server.url + path, { method: "POST", body });
        await provider.close();
        return answer;
      };
    },
    "POST /v1/sessions/current/renew": async () => () =>
      agent.request("POST", "/v1/sessions/current/renew"),
    "DELETE /v1/sessions/current": async () => {
      const device = await another();
      return () => device.request("DELETE", "/v1/sessions/current");
    },
    "POST /v1/account/password": async () => {
      const staff = await server.createStaff("agent");
      const device = new TestDevice(server);
      await device.signInAsStaff(staff);
      const body = { present: staff.password, replacement: randomBytes(18).toString("hex") };
      return () => device.request("POST", "/v1/account/password", { body });
    },
    "POST /v1/users/{user}/password-reset": async () => {
      const [admin, { id }] = [
        await staffDevice(server, "admin"),
        await server.createStaff("agent"),
      ];
      return () => admin.request("POST", `/v1/users/${id}/password-reset`);
    },
    "POST /v1/account/password-reset": async () => {
      const [admin, { id }] = [
        await staffDevice(server, "admin"),
        await server.createStaff("agent"),
      ];
      const { body: reset } = await admin.request("POST", `/v1/users/${id}/password-reset`);
      const body = { ...partsOfLink(reset.link), password: randomBytes(18).toString("hex") };
      return () => admin.request("POST", "/v1/account/password-reset", { body, token: "" });
    },
    "GET /v1/sessions": async () => () => agent.request("GET", "/v1/sessions"),
    "DELETE /v1/sessions/{id}": async () => {
      const staff = await server.createStaff("agent");
      const [device, other] = [new TestDevice(server), new TestDevice(server)];
      await device.signInAsStaff(staff);
      const { body } = await other.signInAsStaff(staff);
      return () => device.request("DELETE", `/v1/sessions/${body.session}`);
    },
    "POST /v1/account/totp": async () => {
      const staff = await server.createStaff("agent");
      const device = new TestDevice(server);
      await device.signInAsStaff(staff);
      const body = { password: staff.password };
      return () => device.request("POST", "/v1/account/totp", { body });
    },
    "POST /v1/account/totp/confirmation": async () => {
      const device = new TestDevice(server);
      const { code } = await beginTotp(server, device, await server.createStaff("agent"));
      const body = { code: code() };
      return () => device.request("POST", "/v1/account/totp/confirmation", { body });
    },
    "DELETE /v1/account/totp": async () => {
      const device = new TestDevice(server);
      await enrolTotp(server, device, await server.createStaff("agent"));
      return () => device.request("DELETE", "/v1/account/totp");
    },
    "DELETE /v1/users/{user}/totp": async () => {
      const device = new TestDevice(server);
      await enrolTotp(server, device, await server.createStaff("agent"));
      const admin = await staffDevice(server, "admin");
      return () => admin.request("DELETE", `/v1/users/${device.user}/totp`);
    },
    "POST /v1/sessions/current/activity": async () => () =>
      agent.request("POST", "/v1/sessions/current/activity"),
    "POST /v1/sessions/current/step-up": async () => {
      const device = new TestDevice(server);
      const { recoveryCodes } = await enrolTotp(server, device, await server.createStaff("agent"));
      const body = { recoveryCode: recoveryCodes[0] };
      return () => device.request("POST", "/v1/sessions/current/step-up", { body });
    },
    "POST /v1/devices": async () => {
      const device = await another();
      return () => device.register();
    },
    "DELETE /v1/devices/{id}": async () => {
      const [admin, { id }] = [await staffDevice(server, "admin"), await customerDevice(server)];
      return () => admin.request("DELETE", `/v1/devices/${id}`);
    },
    "POST /v1/devices/{id}/removal": async () => {
      const device = await customerDevice(server);
      return () => device.remove(device);
    },
    "PUT /v1/device-list": async () => {
      const device = await customerDevice(server);
      return () => device.request("PUT", "/v1/device-list", { body: device.nextList() });
    },
    "POST /v1/users/{user}/reset": async () => {
      const [admin, { user }] = [await staffDevice(server, "admin"), await staffDevice(server)];
      const body = { reason: "devices_lost" };
      return () => admin.request("POST", `/v1/users/${user}/reset`, { body });
    },
    "GET /v1/users/{user}/devices": async () => () =>
      agent.request("GET", `/v1/users/${customer.user}/devices`),
    "GET /v1/users/{user}/key-history": async () => () =>
      agent.request("GET", `/v1/users/${customer.user}/key-history`),
    "GET /v1/key-log/checkpoint": async () => () => agent.request("GET", "/v1/key-log/checkpoint"),
    "GET /v1/key-log/consistency": async () => () =>
      agent.request("GET", "/v1/key-log/consistency?old=1&size=1"),
    "GET /v1/key-log/restores": async () => () => agent.request("GET", "/v1/key-log/restores"),
    "GET /v1/key-log/authority": async () => () => agent.request("GET", "/v1/key-log/authority"),
    "PUT /v1/devices/current/prekeys": async () => () =>
      agent.request("PUT", "/v1/devices/current/prekeys", {
        body: fakePreKeys({ firstId: 100, signedId: 2 }),
      }),
    "GET /v1/devices/current/prekeys": async () => () =>
      agent.request("GET", "/v1/devices/current/prekeys"),
    "POST /v1/devices/current/prekeys/check": async () => async () => {
      const digest = toBase64Url(randomBytes(32));
      const path = "/v1/devices/current/prekeys/check";
      const reply = await agent.request("POST", path, { body: { digest } });
      // Made-up keys cannot be the same.
      return { status: reply.body.code === "prekeys_differ" ? 204 : reply.status };
    },
    "POST /v1/devices/{id}/bundle": async () => () =>
      agent.request("POST", `/v1/devices/${customer.id}/bundle`),
    "POST /v1/link-requests": async () => (await linking()).ask,
    "GET /v1/link-requests/{id}": async () => {
      const { path } = await asked();
      return () => customer.request("GET", path);
    },
    "POST /v1/link-requests/{id}/approval": async () => {
      const { path } = await asked();
      const body = { sealed: toBase64Url(randomBytes(200)) };
      return () => customer.request("POST", `${path}/approval`, { body });
    },
    "POST /v1/link-requests/{id}/refusal": async () => {
      const { path } = await asked();
      return () => customer.request("POST", `${path}/refusal`);
    },
    "DELETE /v1/link-requests/{id}": async () => {
      const { device, path } = await asked();
      return () => device.request("DELETE", path);
    },
    "GET /v1/staff": async () => () => customer.request("GET", "/v1/staff"),
    "POST /v1/conversations": async () => {
      const body = await creationBody(customer, [agent.user]);
      return () => customer.request("POST", "/v1/conversations", { body });
    },
    "GET /v1/conversations": async () => () => agent.request("GET", "/v1/conversations"),
    "GET /v1/conversations/{id}": async () => {
      const id = await conversationOf();
      return () => agent.request("GET", `/v1/conversations/${id}`);
    },
    "POST /v1/conversations/{id}/members": async () => {
      const [id, second] = [await conversationOf(), await staffDevice(server)];
      return () => addMember(agent, id, second.user);
    },
    "POST /v1/conversations/{id}/removals": async () => {
      const id = await conversationOf();
      return () => removeMember(agent, id, agent.user);
    },
    "POST /v1/conversations/{id}/close": async () => {
      const id = await conversationOf();
      return () => closeConversation(agent, id);
    },
    "POST /v1/conversations/{id}/history-grants": async () => {
      const arranged = await arrange(server);
      const grant = await grantBy(server, arranged, arranged.customer);
      return () => postGrant(arranged, arranged.customer, grant);
    },
    "GET /v1/conversations/{id}/history-grants/{grant}/links": async () => {
      const arranged = await arrange(server);
      const grant = await grantBy(server, arranged, arranged.customer);
      await postGrant(arranged, arranged.customer, grant);
      const path = `${arranged.path}/history-grants/${grant.id}/links?until=4`;
      return () => arranged.colleague.request("GET", path);
    },
    "POST /v1/relay/send": async () => {
      const device = await customerDevice(server);
      const hello = joinFrames([encodeFrame({ kind: "hello", body: helloOf(device) })]);
      return () => RelayOverHttp.post(server, device, hello);
    },
    "GET /v1/relay/events": async () => {
      const connection = await RelayOverHttp.begin(server, await customerDevice(server));
      return () => connection.poll(0);
    },
    "GET /v1/relay/stream": async () => {
      const { id } = await RelayOverHttp.begin(server, await customerDevice(server));
      return async () => {
        const headers = { "relay-connection": id };
        const answer = await fetch(`${server.url}/v1/relay/stream`, { headers });
        await answer.body?.cancel();
        return answer;
      };
    },
    "POST /v1/attachments": async () => {
      const id = await conversationOf();
      return async () => (await begin(server, customer, id, 10)).reply;
    },
    "HEAD /v1/attachments/{id}": async () => {
      const { path } = await begin(server, customer, await conversationOf(), 10);
      return () => send(server, customer, "HEAD", path);
    },
    "PATCH /v1/attachments/{id}": async () => {
      const { path } = await begin(server, customer, await conversationOf(), 10);
      return () => patch(server, customer, path, 0, randomBytes(10));
    },
    "DELETE /v1/attachments/{id}": async () => {
      const { path } = await begin(server, customer, await conversationOf(), 10);
      return () => send(server, customer, "DELETE", path);
    },
    "GET /v1/attachments/{id}": async () => {
      const path = await uploaded(server, customer, await conversationOf(), randomBytes(10));
      return () => send(server, agent, "GET", path);
    },
    "GET /v1/audit/log/{path}": async () => {
      const auditor = await auditorOf();
      return () => send(server, auditor, "GET", "/v1/audit/log/checkpoint");
    },
    "GET /v1/monitor/{tenant}/{path}": async () => {
      const { slug } = server.tenant;
      const change = { slug, name: "monitor", days: 1, nowMs: server.clock.now() };
      const token = (await addMonitor(server.database.ownerUrl, change)).reveal();
      const headers = { authorization: `Bearer ${token}` };
      return () => fetch(`${server.url}/v1/monitor/${slug}/checkpoint`, { headers });
    },
    "GET /v1/audit/entries": async () => {
      const auditor = await auditorOf();
      return () => auditor.request("GET", "/v1/audit/entries?action=user.create");
    },
    "GET /v1/audit/names": async () => {
      const auditor = await auditorOf();
      return () => auditor.request("GET", `/v1/audit/names?ids=${agent.user}`);
    },
    "GET /v1/audit/accounts": async () => {
      const auditor = await auditorOf();
      return () => auditor.request("GET", `/v1/audit/accounts?at=${Date.now()}`);
    },
    "GET /v1/audit/disclosures": async () => {
      const auditor = await auditorOf();
      return () => auditor.request("GET", `/v1/audit/disclosures?subject=${agent.user}`);
    },
    "GET /v1/audit/tail": async () => {
      const auditor = await auditorOf();
      return async () => {
        const answer = await follow(server, auditor);
        await answer.body?.cancel();
        return answer;
      };
    },
    "GET /v1/policy/explanation": async () => {
      const auditor = await auditorOf();
      const query = `user=${agent.user}&action=read&resource=audit_log`;
      return () => auditor.request("GET", `/v1/policy/explanation?${query}`);
    },
    "POST /v1/policy/versions": async () => {
      const admin = await staffDevice(server, "admin");
      return () => admin.request("POST", "/v1/policy/versions", { body: nothingChanged });
    },
    "GET /v1/policy/versions": async () => {
      const auditor = await auditorOf();
      return () => auditor.request("GET", "/v1/policy/versions");
    },
    "GET /v1/policy/versions/{version}": async () => {
      const [{ path }, auditor] = [await draftedVersion(), await auditorOf()];
      return () => auditor.request("GET", path);
    },
    "GET /v1/policy/versions/{version}/preview": async () => {
      const [{ path }, auditor] = [await draftedVersion(), await auditorOf()];
      return () => auditor.request("GET", `${path}/preview`);
    },
    "POST /v1/policy/versions/{version}/approval": async () => {
      const { path, hash } = await draftedVersion();
      const officer = await staffDevice(server, "compliance_officer");
      return () => officer.request("POST", `${path}/approval`, { body: { hash } });
    },
    "DELETE /v1/policy/versions/{version}": async () => {
      const { path, admin } = await draftedVersion();
      return () => admin.request("DELETE", path);
    },
    ...callsElsewhere({ server, customer, agent }),
    "GET /v1/alerts": async () => {
      const auditor = await auditorOf();
      return () => auditor.request("GET", "/v1/alerts");
    },
    "POST /v1/alerts/{id}/acknowledgement": async () => {
      const { path, hash } = await draftedVersion();
      const officer = await staffDevice(server, "compliance_officer");
      await officer.request("POST", `${path}/approval`, { body: { hash } });
      // Nobody acknowledges an alert to their own act.
      const other = await staffDevice(server, "compliance_officer");
      const { body } = await other.request("GET", "/v1/alerts");
      return () => other.request("POST", `/v1/alerts/${body.alerts[0].id}/acknowledgement`);
    },
    ...alertWebhookCalls(server),
    "GET /healthz": async () => () => fetch(`${server.url}/healthz`),
    "GET /readyz": async () => () => fetch(`${server.url}/readyz`),
  };
}
