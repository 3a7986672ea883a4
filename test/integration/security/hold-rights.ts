import type { TestDevice } from "../../support/device.ts";
import { answerMatch, placeHold, requestRelease } from "../../support/holds.ts";
import type { TestServer } from "../../support/server.ts";
import type { Person, RouteRight } from "./route-right.ts";

const UNKNOWN = "00000000-0000-7000-8000-000000000001";
const none = () => ({});

/** The right that each route of legal holds needs. */
export const holdRights = (server: TestServer): Readonly<Record<string, RouteRight>> => ({
  "POST /v1/holds": {
    right: ["holds", "place"],
    about: "tenant",
    facts: none,
    call: (actor) => placeHold(server, actor, { user: UNKNOWN } as TestDevice, { fromMs: 0 }),
  },
  "GET /v1/holds": {
    right: ["holds", "read"],
    about: "self",
    facts: ({ device }: Person) => ({ custodian: device.user }),
    call: (actor) => actor.request("GET", "/v1/holds"),
  },
  "PUT /v1/holds/{id}/review-date": {
    right: ["holds", "review"],
    about: "tenant",
    facts: none,
    call: (actor) =>
      actor.request("PUT", `/v1/holds/${UNKNOWN}/review-date`, {
        body: { reviewAtMs: server.clock.now() + 86_400_000 },
      }),
    without: "hold_not_found",
  },
  "POST /v1/holds/{id}/release": {
    right: ["holds", "release"],
    about: "tenant",
    facts: none,
    call: (actor) => requestRelease(actor, UNKNOWN),
    without: "hold_not_found",
  },
  "GET /v1/potential-matches": {
    right: ["holds", "read"],
    about: "self",
    facts: ({ device }: Person) => ({ custodian: device.user }),
    call: (actor) => actor.request("GET", "/v1/potential-matches"),
  },
  "POST /v1/potential-matches/{id}/answer": {
    right: ["holds", "answer"],
    about: "self",
    facts: ({ device }: Person) => ({ custodian: device.user }),
    call: (actor) => answerMatch(actor, UNKNOWN, "linked"),
    without: "match_not_found",
  },
  "GET /v1/reopened-erasures": {
    right: ["holds", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/reopened-erasures"),
  },
  "POST /v1/reopened-erasures/{id}/attendance": {
    right: ["holds", "attend"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("POST", `/v1/reopened-erasures/${UNKNOWN}/attendance`),
    without: "reopened_erasure_not_found",
  },
});
