import { lift, restrict } from "../../support/restrictions.ts";
import type { Person, RouteRight } from "./route-right.ts";

const UNKNOWN = "00000000-0000-7000-8000-000000000001";
const nobody = () => ({ subject: null });

/** The right that each route of restrictions needs. Nothing is restricted: the sample names nobody. */
export const restrictionRights: Readonly<Record<string, RouteRight>> = {
  "POST /v1/restrictions": {
    right: ["restrictions", "place"],
    about: "tenant",
    facts: nobody,
    call: (actor) => restrict(actor, UNKNOWN),
    without: "subject_not_found",
  },
  "GET /v1/restrictions": {
    right: ["restrictions", "read"],
    about: "self",
    facts: ({ device }: Person) => ({ subject: device.user }),
    call: (actor) => actor.request("GET", "/v1/restrictions"),
  },
  "POST /v1/restrictions/{id}/lifting": {
    right: ["restrictions", "lift"],
    about: "tenant",
    facts: nobody,
    call: (actor) => lift(actor, UNKNOWN),
    without: "restriction_not_found",
  },
};
