import { randomBytes, sign } from "node:crypto";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { encodeView, viewBytes } from "../../../crypto/wire/notice.ts";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import { noticeTexts, putNoticeInForce } from "../../support/notices.ts";
import { createConversation } from "../../support/relay-socket.ts";
import type { TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { consentBody, consentRecord } from "../control-plane/history-requests.ts";
import type { Act } from "./act.ts";

/** A draft of a notice, as an officer proposes it. */
export const proposedNotice = { controller: "Clinic", texts: noticeTexts, reason: "a test" };

/** The body of a request that says that a device showed a notice. */
export function viewBody(
  by: TestDevice,
  notice: { readonly version: number; readonly language: string; readonly digest: Uint8Array },
) {
  const { tenant, user, id: device } = by;
  const text = encodeView({ version: 1, tenant, user, device, notice, atMs: 1 });
  const signature = sign(null, viewBytes(text), by.receiptKey.privateKey);
  return { record: toBase64Url(text), signature: toBase64Url(signature) };
}

/** Calls of the routes of notices and consents. */
export function consentCalls({
  server,
  customer,
  agent,
}: {
  readonly server: TestServer;
  readonly customer: TestDevice;
  readonly agent: TestDevice;
}): Readonly<Record<string, () => Promise<Act>>> {
  const officerOf = () => staffDevice(server, "compliance_officer");
  const published = async () => {
    const version = await putNoticeInForce(server);
    const { rows } = await server.database.owner.query(
      "select version, language, digest from sealdesk.notice_texts where version = $1 limit 1",
      [version],
    );
    return rows[0];
  };
  /** A consent of the customer for the account. @returns its id */
  const consented = async () => {
    await published();
    const record = await consentRecord(customer, undefined, "given");
    const body = await consentBody(customer, record);
    await customer.request("POST", "/v1/consents", { body });
    return record.id;
  };

  return {
    "POST /v1/notices": async () => {
      const officer = await officerOf();
      return () => officer.request("POST", "/v1/notices", { body: proposedNotice });
    },
    "GET /v1/notices": async () => {
      const officer = await officerOf();
      return () => officer.request("GET", "/v1/notices");
    },
    "GET /v1/notices/current": async () => {
      await published();
      return () => customer.request("GET", "/v1/notices/current");
    },
    "GET /v1/notices/{version}": async () => {
      const { version } = await published();
      return () => customer.request("GET", `/v1/notices/${version}`);
    },
    "POST /v1/notices/views": async () => {
      const body = viewBody(customer, await published());
      return () => customer.request("POST", "/v1/notices/views", { body });
    },
    "GET /v1/notices/{version}/views": async () => {
      const [{ version }, officer] = [await published(), await officerOf()];
      return () => officer.request("GET", `/v1/notices/${version}/views`);
    },
    "POST /v1/consents": async () => {
      await published();
      const id = await createConversation(customer, [agent]);
      const body = await consentBody(customer, await consentRecord(customer, id, "given"));
      return () => customer.request("POST", "/v1/consents", { body });
    },
    "GET /v1/users/{user}/consents": async () => {
      const [, officer] = [await consented(), await officerOf()];
      return () => officer.request("GET", `/v1/users/${customer.user}/consents`);
    },
    "GET /v1/conversations/{id}/consents/{purpose}": async () => {
      const id = await createConversation(customer, [agent]);
      const nonce = toBase64Url(randomBytes(32));
      const path = `/v1/conversations/${id}/consents/archiving?nonce=${nonce}`;
      return () => agent.request("GET", path);
    },
    "GET /v1/consents/{id}/receipt": async () => {
      const [id, officer] = [await consented(), await officerOf()];
      const fetchIt = () => officer.request("GET", `/v1/consents/${id}/receipt`);
      await until(async () => (await fetchIt()).status === 200);
      return fetchIt;
    },
  };
}
