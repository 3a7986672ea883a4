import { appeal, decideAppeal, decideReport, report } from "../../support/reports.ts";
import type { Person, RouteRight, Target } from "./route-right.ts";

const UNKNOWN = "00000000-0000-7000-8000-000000000001";
const none = () => ({});

const disclosed = {
  seq: 1,
  isContext: false,
  frankingTag: "A".repeat(43),
  frankingKey: "A".repeat(43),
  signature: "A".repeat(86),
  payload: "AAAA",
};

/** The right that each route of reports needs. The sample reports something that nobody has said. */
export const reportRights: Readonly<Record<string, RouteRight>> = {
  "POST /v1/reports": {
    right: ["reports", "submit"],
    about: "conversation",
    facts: ({ device }: Person, { place }: Target) => ({
      wasMember: place.members.some((member) => member.device.user === device.user),
    }),
    call: (actor, { place }) => report(actor, place.id, [disclosed]),
  },
  "GET /v1/reports": {
    right: ["reports", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/reports"),
  },
  "GET /v1/report-counts": {
    right: ["reports", "count"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/report-counts"),
  },
  "GET /v1/reports/{id}": {
    right: ["reports", "read"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", `/v1/reports/${UNKNOWN}`),
    without: "report_not_found",
  },
  "POST /v1/reports/{id}/decision": {
    right: ["reports", "decide"],
    about: "tenant",
    facts: none,
    call: (actor) => decideReport(actor, UNKNOWN, { decision: "dismiss" }),
    without: "report_not_found",
  },
  "GET /v1/report-decisions": {
    right: ["reports", "read_own"],
    about: "self",
    facts: ({ device }: Person) => ({ reported: device.user }),
    call: (actor) => actor.request("GET", "/v1/report-decisions"),
  },
  "POST /v1/reports/{id}/appeal": {
    right: ["reports", "appeal"],
    about: "self",
    facts: ({ device }: Person) => ({ reported: device.user }),
    call: (actor) => appeal(actor, UNKNOWN),
    without: "report_not_found",
  },
  "POST /v1/reports/{id}/appeal-decision": {
    right: ["reports", "decide_appeal"],
    about: "tenant",
    facts: none,
    call: (actor) => decideAppeal(actor, UNKNOWN, "upheld"),
    without: "report_not_found",
  },
};
