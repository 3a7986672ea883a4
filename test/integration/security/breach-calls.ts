import { breachReached, breachStep, openBreachBy } from "../../support/breaches.ts";
import { staffDevice } from "../../support/device.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** Calls of the routes of breaches and of compliance. */
export function breachCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const officerOf = () => staffDevice(server, "privacy_officer");
  const opened = async () => {
    const officer = await officerOf();
    const { body } = await openBreachBy(server, officer);
    await breachReached(officer, body.id);
    return { officer, id: body.id as string, path: `/v1/breaches/${body.id}` };
  };

  return {
    "GET /v1/compliance-report": async () => {
      const officer = await officerOf();
      return () => officer.request("GET", "/v1/compliance-report");
    },
    "POST /v1/breaches": async () => {
      const officer = await officerOf();
      return () => openBreachBy(server, officer);
    },
    "GET /v1/breaches": async () => {
      const { officer } = await opened();
      return () => officer.request("GET", "/v1/breaches");
    },
    "GET /v1/breaches/{id}": async () => {
      const { officer, path } = await opened();
      return () => officer.request("GET", path);
    },
    "GET /v1/breaches/{id}/subjects": async () => {
      const { officer, path } = await opened();
      return () => officer.request("GET", `${path}/subjects`);
    },
    "POST /v1/breaches/{id}/steps": async () => {
      const { officer, id } = await opened();
      // The steps of the containment would end the sessions of all tests.
      const atMs = server.clock.now() - 1_000;
      return () => breachStep(officer, id, { step: "record_classification", atMs });
    },
    "POST /v1/breaches/{id}/closure": async () => {
      const { officer, id, path } = await opened();
      for (const duty of ["gdpr.authority", "gdpr.subjects"])
        await breachStep(officer, id, { step: "waive_notice", duty, ground: "a test" });
      return () => officer.request("POST", `${path}/closure`, { body: { reason: "a test" } });
    },
  };
}
