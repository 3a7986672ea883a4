import { staffDevice } from "../../support/device.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

const path = "/v1/alerts/webhook";
/** Nothing listens there. */
const body = { url: "http://127.0.0.1:9/alerts" };

/** Calls of the routes about a tenant's webhook. */
export function alertWebhookCalls(
  server: TestServer,
): Readonly<Record<string, () => Promise<Act>>> {
  const officerWithWebhook = async () => {
    const officer = await staffDevice(server, "compliance_officer");
    const { status } = await officer.request("PUT", path, { body });
    if (status !== 200) throw new Error(`expected 200, got ${status}`);
    return officer;
  };
  return {
    [`GET ${path}`]: async () => {
      const officer = await officerWithWebhook();
      return () => officer.request("GET", path);
    },
    [`PUT ${path}`]: async () => {
      const officer = await staffDevice(server, "compliance_officer");
      return () => officer.request("PUT", path, { body });
    },
    [`POST ${path}/test`]: async () => {
      const officer = await officerWithWebhook();
      return () => officer.request("POST", `${path}/test`);
    },
    [`DELETE ${path}`]: async () => {
      const officer = await officerWithWebhook();
      return () => officer.request("DELETE", path);
    },
  };
}
