import { staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of retention. */
export function retentionCalls({
  server,
  customer,
  agent,
}: {
  readonly server: TestServer;
  readonly customer: TestDevice;
  readonly agent: TestDevice;
}): Readonly<Record<string, () => Promise<Act>>> {
  const officer = () => staffDevice(server, "compliance_officer");
  const rules = [{ dataClass: "sample", days: 30 }];
  const calling = (method: string, path: string, body?: object) => async () => {
    const device = await officer();
    return () => device.request(method, path, { body });
  };

  return {
    "GET /v1/retention": calling("GET", "/v1/retention"),
    "POST /v1/retention/previews": calling("POST", "/v1/retention/previews", { rules }),
    "POST /v1/retention/versions": calling("POST", "/v1/retention/versions", {
      rules,
      reason: "a test",
    }),
    "POST /v1/retention/locks": calling("POST", "/v1/retention/locks", {
      region: "nowhere",
      days: 30,
      citation: "a test",
    }),
    "PUT /v1/conversations/{id}/classification": async () => {
      const id = await createConversation(customer, [agent]);
      return calling("PUT", `/v1/conversations/${id}/classification`, { team: "sales" })();
    },
  };
}
