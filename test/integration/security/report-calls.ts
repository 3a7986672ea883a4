import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import {
  appeal,
  decideAppeal,
  decideReport,
  report,
  reportedMessage,
  say,
} from "../../support/reports.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of reports. */
export function reportCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const moderating = async () => {
    const moderator = await staffDevice(server, "moderator");
    const { id } = await reportedMessage(server);
    return { moderator, id };
  };
  const warned = async () => {
    const moderator = await staffDevice(server, "moderator");
    const { agent, id } = await reportedMessage(server);
    await decideReport(moderator, id, { decision: "warn" });
    return { agent, id };
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
    "GET /v1/report-decisions": async () => {
      const { agent } = await reportedMessage(server);
      return () => agent.request("GET", "/v1/report-decisions");
    },
    "POST /v1/reports/{id}/appeal": async () => {
      const { agent, id } = await warned();
      return () => appeal(agent, id);
    },
    "POST /v1/reports/{id}/appeal-decision": async () => {
      const { agent, id } = await warned();
      await appeal(agent, id);
      const another = await staffDevice(server, "moderator");
      return () => decideAppeal(another, id, "upheld");
    },
  };
}
