import { newId } from "../../../tools/testkit/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import {
  answerMatch,
  askToMatch,
  deferByHold,
  placeHold,
  releaseHold,
  requestRelease,
} from "../../support/holds.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of legal holds. */
export function holdCalls({
  server,
  customer,
}: {
  readonly server: TestServer;
  readonly customer: TestDevice;
}): Readonly<Record<string, () => Promise<Act>>> {
  const officerOf = () => staffDevice(server, "compliance_officer");
  const placed = async () => {
    const officer = await officerOf();
    const { body } = await placeHold(server, officer, officer, { subject: customer.user });
    return { officer, id: body.id, path: `/v1/holds/${body.id}` };
  };

  return {
    "POST /v1/holds": async () => {
      const officer = await officerOf();
      return () => placeHold(server, officer, officer, { subject: customer.user });
    },
    "GET /v1/holds": async () => {
      const { officer } = await placed();
      return () => officer.request("GET", "/v1/holds");
    },
    "GET /v1/holds/{id}": async () => {
      const { officer, path } = await placed();
      return () => officer.request("GET", path);
    },
    "PUT /v1/holds/{id}/review-date": async () => {
      const { officer, path } = await placed();
      const body = { reviewAtMs: server.clock.now() + 86_400_000 };
      return () => officer.request("PUT", `${path}/review-date`, { body });
    },
    "POST /v1/holds/{id}/release": async () => {
      const { officer, id } = await placed();
      return () => requestRelease(officer, id);
    },
    "GET /v1/reopened-erasures": async () => {
      const officer = await officerOf();
      return () => officer.request("GET", "/v1/reopened-erasures");
    },
    "POST /v1/reopened-erasures/{id}/attendance": async () => {
      const { officer, id } = await placed();
      const erasure = await deferByHold(server, server.tenant, customer, id);
      // Other holds on the customer would go on deferring it.
      const { body } = await officer.request("GET", "/v1/holds");
      for (const hold of body.holds as readonly { id: string; releasedAtMs: number | null }[])
        if (hold.releasedAtMs === null) await releaseHold(officer, await officerOf(), hold.id);
      return () => officer.request("POST", `/v1/reopened-erasures/${erasure}/attendance`);
    },
    "GET /v1/potential-matches": async () => {
      const { officer } = await placed();
      return () => officer.request("GET", "/v1/potential-matches");
    },
    "POST /v1/potential-matches/{id}/answer": async () => {
      const { officer, id } = await placed();
      const { user: account } = await customerDevice(server, newId());
      const match = await askToMatch(server, { hold: id, former: customer.user, account });
      return () => answerMatch(officer, match, "linked");
    },
  };
}
