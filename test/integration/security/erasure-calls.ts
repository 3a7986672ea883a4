import { customerDevice, staffDevice } from "../../support/device.ts";
import { erase, eraseBy, reached, withdrawErasureBy } from "../../support/erasures.ts";
import { askFor, byLink, decide } from "../../support/requests.ts";
import type { TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of erasures, and of the links of requests. */
export function erasureCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const officerOf = () => staffDevice(server, "privacy_officer");
  const arranged = async () => ({
    officer: await officerOf(),
    customer: await customerDevice(server, newId()),
  });
  const certified = async () => {
    const { officer, customer } = await arranged();
    const id = await erase(server.database, server.tenant.id, customer.user);
    await reached(server.database, id, "certified");
    return { officer, id };
  };

  const path = "/v1/erasure-consumers";
  // Nothing listens there.
  const consumer = () => ({ name: `crm-${newId()}`, url: "http://127.0.0.1:9/erasures" });

  return {
    [`GET ${path}`]: async () => {
      const officer = await officerOf();
      return () => officer.request("GET", path);
    },
    [`POST ${path}`]: async () => {
      const officer = await officerOf();
      const body = consumer();
      return async () => {
        const reply = await officer.request("POST", path, { body });
        // The erasures of other calls would wait for it.
        await server.database.owner.query("delete from sealdesk.erasure_consumers");
        return reply;
      };
    },
    [`DELETE ${path}/{name}`]: async () => {
      const officer = await officerOf();
      const body = consumer();
      const { status } = await officer.request("POST", path, { body });
      if (status !== 201) throw new Error(`expected 201, got ${status}`);
      return () => officer.request("DELETE", `${path}/${body.name}`);
    },
    "GET /v1/users/{user}/erasure-plan": async () => {
      const { officer, customer } = await arranged();
      return () => officer.request("GET", `/v1/users/${customer.user}/erasure-plan`);
    },
    "POST /v1/users/{user}/erasures": async () => {
      const { officer, customer } = await arranged();
      return () => eraseBy(officer, customer.user);
    },
    "GET /v1/erasures/{id}": async () => {
      const { officer, id } = await certified();
      return () => officer.request("GET", `/v1/erasures/${id}`);
    },
    "GET /v1/erasures/{id}/certificate": async () => {
      const { officer, id } = await certified();
      return () => officer.request("GET", `/v1/erasures/${id}/certificate`);
    },
    "POST /v1/erasures/{id}/withdrawal": async () => {
      const { officer, customer } = await arranged();
      const { body } = await eraseBy(officer, customer.user);
      return () => withdrawErasureBy(officer, body.id as string);
    },
    "POST /v1/request-status/certificate": async () => {
      const { officer, customer } = await arranged();
      const { body } = await askFor(customer, "erasure");
      await decide(officer, body.id as string, "accepted", { windowHours: 0 });
      const link = body.link as string;
      await until(async () => (await byLink(server, link)).body["state"] === "answered");
      return () => byLink(server, link, "/certificate");
    },
    "POST /v1/request-status/withdrawal": async () => {
      const { customer } = await arranged();
      const { body } = await askFor(customer, "erasure");
      return () => byLink(server, body.link as string, "/withdrawal");
    },
  };
}
