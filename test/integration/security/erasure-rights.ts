import { eraseBy, withdrawErasureBy } from "../../support/erasures.ts";
import type { RouteRight } from "./route-right.ts";

const UNKNOWN = "00000000-0000-7000-8000-000000000001";
const nobody = () => ({ subject: null });

/** The right that each route of erasures needs. Nobody is erased: the sample names nobody. */
export const erasureRights: Readonly<Record<string, RouteRight>> = {
  "GET /v1/erasure-consumers": {
    right: ["erasures", "read_consumers"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("GET", "/v1/erasure-consumers"),
  },
  "POST /v1/erasure-consumers": {
    right: ["erasures", "set_consumers"],
    about: "tenant",
    facts: nobody,
    call: (actor) =>
      actor.request("POST", "/v1/erasure-consumers", { body: { name: "crm", url: "no URL" } }),
  },
  "DELETE /v1/erasure-consumers/{name}": {
    right: ["erasures", "set_consumers"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("DELETE", "/v1/erasure-consumers/unknown"),
    without: "consumer_not_found",
  },
  "GET /v1/users/{user}/erasure-plan": {
    right: ["erasures", "plan"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("GET", `/v1/users/${UNKNOWN}/erasure-plan`),
    without: "subject_not_found",
  },
  "POST /v1/users/{user}/erasures": {
    right: ["erasures", "begin"],
    about: "tenant",
    facts: nobody,
    call: (actor) => eraseBy(actor, UNKNOWN),
    without: "subject_not_found",
  },
  "GET /v1/erasures/{id}": {
    right: ["erasures", "read"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("GET", `/v1/erasures/${UNKNOWN}`),
    without: "case_not_found",
  },
  "GET /v1/erasures/{id}/certificate": {
    right: ["erasures", "read"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("GET", `/v1/erasures/${UNKNOWN}/certificate`),
    without: "case_not_found",
  },
  "POST /v1/erasures/{id}/withdrawal": {
    right: ["erasures", "withdraw"],
    about: "tenant",
    facts: nobody,
    call: (actor) => withdrawErasureBy(actor, UNKNOWN),
    without: "case_not_found",
  },
};
