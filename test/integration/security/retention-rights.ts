import type { RouteRight } from "./route-right.ts";

const none = () => ({});

/** The right that each route of retention needs. */
export const retentionRights: Readonly<Record<string, RouteRight>> = {
  "GET /v1/retention": {
    right: ["retention", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/retention"),
  },
  "POST /v1/retention/previews": {
    right: ["retention", "save"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("POST", "/v1/retention/previews", { body: { rules: [] } }),
  },
  "POST /v1/retention/versions": {
    right: ["retention", "save"],
    about: "tenant",
    facts: none,
    call: (actor) =>
      actor.request("POST", "/v1/retention/versions", { body: { rules: [], reason: "a test" } }),
  },
  "POST /v1/retention/locks": {
    right: ["retention", "lock"],
    about: "tenant",
    facts: none,
    call: (actor) =>
      actor.request("POST", "/v1/retention/locks", {
        body: { days: 30, citation: "a test", region: "nowhere" },
      }),
  },
  "PUT /v1/conversations/{id}/classification": {
    right: ["retention", "classify"],
    about: "tenant",
    facts: none,
    call: (actor, { place }) =>
      actor.request("PUT", `/v1/conversations/${place.id}/classification`, { body: {} }),
  },
};
