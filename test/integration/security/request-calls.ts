import { createHash, randomUUID } from "node:crypto";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { beginExport, completeExport, readyExport } from "../../support/exports.ts";
import { createConversation } from "../../support/relay-socket.ts";
import {
  askByEmail,
  askFor,
  assign,
  decide,
  extend,
  initialRules,
  recordFor,
  renewLink,
  setRules,
  verify,
  withdraw,
} from "../../support/requests.ts";
import type { TestServer } from "../../support/server.ts";
import { acknowledge, toldDevice } from "../../support/told-device.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of requests and cases. */
export function requestCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const officerOf = () => staffDevice(server, "compliance_officer");
  const received = async () => {
    const customer = await customerDevice(server, randomUUID());
    const { body } = await askFor(customer, "access");
    return { id: body.id as string, link: body.link as string, officer: await officerOf() };
  };

  const accepted = async () => {
    const customer = await customerDevice(server, randomUUID());
    const { body } = await askFor(customer, "access");
    await decide(await officerOf(), body.id as string, "accepted");
    return { customer, request: body.id as string };
  };
  const ready = async () => {
    const { customer, request } = await accepted();
    return { customer, id: await readyExport(server, customer, request) };
  };

  return {
    "POST /v1/requests/{id}/exports": async () => {
      const { customer, request } = await accepted();
      return () => beginExport(customer, request);
    },
    "GET /v1/exports/{id}": async () => {
      const { customer, id } = await ready();
      return () => customer.request("GET", `/v1/exports/${id}`);
    },
    "GET /v1/exports/{id}/record": async () => {
      const { customer, id } = await ready();
      return () => customer.request("GET", `/v1/exports/${id}/record`);
    },
    "GET /v1/exports/{id}/pages/{number}": async () => {
      const customer = await customerDevice(server, randomUUID());
      await createConversation(customer, [await staffDevice(server)]);
      const { body } = await askFor(customer, "access");
      await decide(await officerOf(), body.id as string, "accepted");
      const id = await readyExport(server, customer, body.id as string);
      return () => customer.request("GET", `/v1/exports/${id}/pages/0`);
    },
    "POST /v1/exports/{id}/completion": async () => {
      const { customer, id } = await ready();
      const { body } = await customer.request("GET", `/v1/exports/${id}/record`);
      const record = createHash("sha256").update(Buffer.from(body.record as string, "base64url"));
      return () => completeExport(customer, id, record.digest());
    },
    "POST /v1/requests": async () => {
      const customer = await customerDevice(server, randomUUID());
      return () => askFor(customer, "access");
    },
    "POST /v1/users/{user}/requests": async () => {
      const customer = await customerDevice(server, randomUUID());
      const officer = await officerOf();
      return () => recordFor(officer, customer.user, "erasure");
    },
    "GET /v1/requests": async () => {
      const { officer } = await received();
      return () => officer.request("GET", "/v1/requests");
    },
    "GET /v1/requests/{id}": async () => {
      const { officer, id } = await received();
      return () => officer.request("GET", `/v1/requests/${id}`);
    },
    "POST /v1/requests/{id}/extension": async () => {
      const { officer, id } = await received();
      return () => extend(officer, id);
    },
    "POST /v1/requests/{id}/decision": async () => {
      const { officer, id } = await received();
      return () => decide(officer, id, "accepted");
    },
    "POST /v1/email-requests": async () => {
      const officer = await officerOf();
      return () => askByEmail(officer, "access");
    },
    "POST /v1/email-request-verification": async () => {
      const { body } = await askByEmail(await officerOf(), "access");
      return () => verify(server, body.link as string);
    },
    "PUT /v1/requests/{id}/subject": async () => {
      const officer = await officerOf();
      const { body } = await askByEmail(officer, "access", "ben@example.com");
      const { id } = (await verify(server, body.link as string)).body;
      const { user } = await customerDevice(server, randomUUID());
      return () => assign(officer, id as string, user);
    },
    "POST /v1/requests/{id}/withdrawal": async () => {
      const { officer, id } = await received();
      return () => withdraw(officer, id);
    },
    "POST /v1/requests/{id}/link": async () => {
      const { officer, id } = await received();
      return () => renewLink(officer, id);
    },
    "POST /v1/request-status": async () => {
      const { officer, link } = await received();
      const [tenant, secret] = new URL(link).hash.slice(1).split(".");
      return () => officer.request("POST", "/v1/request-status", { body: { tenant, secret } });
    },
    "GET /v1/request-rules": async () => {
      const officer = await officerOf();
      return () => officer.request("GET", "/v1/request-rules");
    },
    "PUT /v1/request-rules": async () => {
      const officer = await officerOf();
      return () => setRules(officer, initialRules);
    },
    "GET /v1/cases": async () => {
      const { officer } = await received();
      return () => officer.request("GET", "/v1/cases");
    },
    "GET /v1/cases/{id}": async () => {
      const { officer, id } = await received();
      return () => officer.request("GET", `/v1/cases/${id}`);
    },
    "POST /v1/cases/{id}/repetition": async () => {
      const { officer, id } = await received();
      await server.database.owner.query(
        "update sealdesk.cases set pending = 'attachments', wake_at_ms = null where id = $1",
        [id],
      );
      return () => officer.request("POST", `/v1/cases/${id}/repetition`);
    },
    "GET /v1/devices/current/erasures": async () => {
      const officer = await officerOf();
      return () => officer.request("GET", "/v1/devices/current/erasures");
    },
    "POST /v1/devices/current/erasures/{id}/acknowledgement": async () => {
      const told = await toldDevice(server);
      return () => acknowledge(told);
    },
  };
}
