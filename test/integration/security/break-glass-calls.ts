import {
  approve,
  askForAccess,
  forbidJoining,
  letLapse,
  type Requested,
} from "../../support/break-glass.ts";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import { putInForce } from "../../support/policy-versions.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { askFor } from "../../support/second-person.ts";
import type { TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of approvals and of access in an emergency. */
export function breakGlassCalls({
  server,
  customer,
  agent,
}: {
  readonly server: TestServer;
  readonly customer: TestDevice;
  readonly agent: TestDevice;
}): Readonly<Record<string, () => Promise<Act>>> {
  const officerOf = () => staffDevice(server, "compliance_officer");

  /** Somebody who may not join, and what they ask for. */
  const asking = async () => {
    const conversation = await createConversation(customer, [agent]);
    const asker = await staffDevice(server);
    await forbidJoining(server, server.tenant);
    return { asker, ask: () => askForAccess(asker, conversation) };
  };
  const requested = async (): Promise<Requested & { readonly asker: TestDevice }> => {
    const { asker, ask } = await asking();
    return { ...(await ask()).body, asker };
  };
  const granted = async () => {
    const request = await requested();
    for (const officer of [await officerOf(), await officerOf()]) await approve(officer, request);
    return request;
  };

  return {
    "POST /v1/approvals": async () => {
      const secondPerson = [{ resource: "directory", action: "revoke_device" }];
      await putInForce(server, server.tenant, { secondPerson });
      const admin = await staffDevice(server, "admin");
      return () => askFor(admin, "directory.revoke_device", { device: agent.id });
    },
    "GET /v1/approvals": async () => {
      const [, officer] = [await requested(), await officerOf()];
      return () => officer.request("GET", "/v1/approvals");
    },
    "GET /v1/approvals/{id}": async () => {
      const [{ id }, officer] = [await requested(), await officerOf()];
      return () => officer.request("GET", `/v1/approvals/${id}`);
    },
    "POST /v1/approvals/{id}/approval": async () => {
      const [request, officer] = [await requested(), await officerOf()];
      return () => approve(officer, request);
    },
    "POST /v1/approvals/{id}/refusal": async () => {
      const [{ id }, officer] = [await requested(), await officerOf()];
      return () => officer.request("POST", `/v1/approvals/${id}/refusal`);
    },
    "DELETE /v1/approvals/{id}": async () => {
      const { id, asker } = await requested();
      return () => asker.request("DELETE", `/v1/approvals/${id}`);
    },
    "POST /v1/conversations/{id}/break-glass": async () => (await asking()).ask,
    "GET /v1/break-glass": async () => {
      const [, officer] = [await requested(), await officerOf()];
      return () => officer.request("GET", "/v1/break-glass");
    },
    "POST /v1/break-glass/{id}/end": async () => {
      const [{ id }, officer] = [await granted(), await officerOf()];
      return () => officer.request("POST", `/v1/break-glass/${id}/end`);
    },
    "POST /v1/break-glass/{id}/review": async () => {
      const [{ id }, officer] = [await granted(), await officerOf()];
      await letLapse(server, id);
      await until(async () => {
        const { rowCount } = await server.database.owner.query(
          "select from sealdesk.break_glass where id = $1 and ended_at_ms is not null",
          [id],
        );
        return rowCount === 1;
      });
      const body = { finding: "justified" };
      return () => officer.request("POST", `/v1/break-glass/${id}/review`, { body });
    },
  };
}
