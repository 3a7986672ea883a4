import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { decideReport, report, reportedMessage, say } from "../../support/reports.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of reports. */
export function reportCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const moderating = async () => {
    const moderator = await staffDevice(server, "moderator");
    const { id } = await reportedMessage(server);
    return { moderator, id };
  };
  return {
    "POST /v1/reports": async () => {
      const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
      const conversation = await createConversation(customer, [agent]);
      const disclosed = await say(agent, conversation, [customer], "a threat");
      return () => report(customer, conversation, [disclosed]);
    },
    "GET /v1/reports": async () => {
      const { moderator } = await moderating();
      return () => moderator.request("GET", "/v1/reports");
    },
    "GET /v1/report-counts": async () => {
      const { moderator } = await moderating();
      return () => moderator.request("GET", "/v1/report-counts");
    },
    "GET /v1/reports/{id}": async () => {
      const { moderator, id } = await moderating();
      return () => moderator.request("GET", `/v1/reports/${id}`);
    },
    "POST /v1/reports/{id}/decision": async () => {
      const { moderator, id } = await moderating();
      return () => decideReport(moderator, id, { decision: "warn" });
    },
  };
}
