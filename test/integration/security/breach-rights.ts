import { breachStep, openBreachBy } from "../../support/breaches.ts";
import type { TestServer } from "../../support/server.ts";
import type { RouteRight } from "./route-right.ts";

const UNKNOWN = "00000000-0000-7000-8000-000000000001";
const none = () => ({});

/** The right that each route of breaches and of compliance needs. */
export const breachRights = (server: TestServer): Readonly<Record<string, RouteRight>> => ({
  "GET /v1/compliance-report": {
    right: ["compliance", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/compliance-report"),
  },
  "POST /v1/breaches": {
    right: ["breaches", "open"],
    about: "tenant",
    facts: none,
    call: (actor) => openBreachBy(server, actor),
  },
  "GET /v1/breaches": {
    right: ["breaches", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/breaches"),
  },
  "GET /v1/breaches/{id}": {
    right: ["breaches", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", `/v1/breaches/${UNKNOWN}`),
    without: "case_not_found",
  },
  "GET /v1/breaches/{id}/subjects": {
    right: ["breaches", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", `/v1/breaches/${UNKNOWN}/subjects`),
    without: "case_not_found",
  },
  "POST /v1/breaches/{id}/steps": {
    right: ["breaches", "contain"],
    about: "tenant",
    facts: none,
    call: (actor) => breachStep(actor, UNKNOWN, { step: "rotate_keys" }),
    without: "case_not_found",
  },
  "POST /v1/breaches/{id}/closure": {
    right: ["breaches", "close"],
    about: "tenant",
    facts: none,
    call: (actor) =>
      actor.request("POST", `/v1/breaches/${UNKNOWN}/closure`, { body: { reason: "a test" } }),
    without: "case_not_found",
  },
});
