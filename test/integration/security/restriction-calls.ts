import { newId } from "../../../tools/testkit/ids.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { lift, restrict } from "../../support/restrictions.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of restrictions. */
export function restrictionCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const arranged = async () => {
    const officer = await staffDevice(server, "privacy_officer");
    const customer = await customerDevice(server, newId());
    await createConversation(customer, []);
    return { officer, customer };
  };
  return {
    "POST /v1/restrictions": async () => {
      const { officer, customer } = await arranged();
      return () => restrict(officer, customer.user);
    },
    "GET /v1/restrictions": async () => {
      const { customer } = await arranged();
      return () => customer.request("GET", "/v1/restrictions");
    },
    "POST /v1/restrictions/{id}/lifting": async () => {
      const { officer, customer } = await arranged();
      const { body } = await restrict(officer, customer.user);
      return () => lift(officer, body.id as string);
    },
  };
}
