import {
  askByEmail,
  assign,
  decide,
  askFor,
  extend,
  initialRules,
  recordFor,
  renewLink,
  setRules,
} from "../../support/requests.ts";
import { beginExport, completeExport } from "../../support/exports.ts";
import type { Person, RouteRight, Target } from "./route-right.ts";

const UNKNOWN = "00000000-0000-7000-8000-000000000001";
const own = ({ device }: Person) => ({ subject: device.user });
const ownDevice = ({ device }: Person) => ({ subject: null, device: device.id });
const nobody = () => ({ subject: null });

/** The right that each route of requests and cases needs. */
export const requestRights: Readonly<Record<string, RouteRight>> = {
  "POST /v1/requests": {
    right: ["requests", "open"],
    about: "self",
    facts: own,
    call: (actor) => askFor(actor, "access"),
  },
  "POST /v1/users/{user}/requests": {
    right: ["requests", "open_for"],
    about: "account",
    facts: (_actor, { person }: Target) => ({ subject: person.device.user }),
    call: (actor, { person }) => recordFor(actor, person.device.user, "portability"),
  },
  "POST /v1/requests/{id}/exports": {
    right: ["requests", "export"],
    about: "self",
    facts: own,
    call: (actor) => beginExport(actor, UNKNOWN),
    without: "request_not_found",
  },
  "GET /v1/exports/{id}": {
    right: ["requests", "export"],
    about: "self",
    facts: own,
    call: (actor) => actor.request("GET", `/v1/exports/${UNKNOWN}`),
    without: "case_not_found",
  },
  "GET /v1/exports/{id}/record": {
    right: ["requests", "export"],
    about: "self",
    facts: own,
    call: (actor) => actor.request("GET", `/v1/exports/${UNKNOWN}/record`),
    without: "case_not_found",
  },
  "GET /v1/exports/{id}/pages/{number}": {
    right: ["requests", "export"],
    about: "self",
    facts: own,
    call: (actor) => actor.request("GET", `/v1/exports/${UNKNOWN}/pages/0`),
    without: "case_not_found",
  },
  "POST /v1/exports/{id}/completion": {
    right: ["requests", "export"],
    about: "self",
    facts: own,
    call: (actor) => completeExport(actor, UNKNOWN, new Uint8Array(32)),
    without: "case_not_found",
  },
  "GET /v1/requests": {
    right: ["requests", "read"],
    about: "self",
    facts: own,
    call: (actor) => actor.request("GET", "/v1/requests"),
  },
  "POST /v1/requests/{id}/extension": {
    right: ["requests", "extend"],
    about: "tenant",
    facts: nobody,
    call: (actor) => extend(actor, UNKNOWN),
    without: "request_not_found",
  },
  "POST /v1/requests/{id}/decision": {
    right: ["requests", "decide"],
    about: "tenant",
    facts: nobody,
    call: (actor) => decide(actor, UNKNOWN, "accepted"),
    without: "request_not_found",
  },
  "POST /v1/email-requests": {
    right: ["requests", "open_by_email"],
    about: "tenant",
    facts: nobody,
    call: (actor) => askByEmail(actor, "access", `${actor.user}@example.com`),
  },
  "PUT /v1/requests/{id}/subject": {
    right: ["requests", "assign"],
    about: "tenant",
    facts: nobody,
    call: (actor) => assign(actor, UNKNOWN, UNKNOWN),
    without: "request_not_found",
  },
  "POST /v1/requests/{id}/link": {
    right: ["requests", "renew_link"],
    about: "tenant",
    facts: nobody,
    call: (actor) => renewLink(actor, UNKNOWN),
    without: "request_not_found",
  },
  "GET /v1/request-rules": {
    right: ["requests", "read_rules"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("GET", "/v1/request-rules"),
  },
  "PUT /v1/request-rules": {
    right: ["requests", "set_rules"],
    about: "tenant",
    facts: nobody,
    call: (actor) => setRules(actor, initialRules),
  },
  "GET /v1/cases": {
    right: ["cases", "read"],
    about: "self",
    facts: own,
    call: (actor) => actor.request("GET", "/v1/cases"),
  },
  "POST /v1/cases/{id}/repetition": {
    right: ["cases", "repeat"],
    about: "tenant",
    facts: nobody,
    call: (actor) => actor.request("POST", `/v1/cases/${UNKNOWN}/repetition`),
    without: "case_not_found",
  },
  "GET /v1/devices/current/erasures": {
    right: ["cases", "acknowledge"],
    about: "self",
    facts: ownDevice,
    call: (actor) => actor.request("GET", "/v1/devices/current/erasures"),
  },
  "POST /v1/devices/current/erasures/{id}/acknowledgement": {
    right: ["cases", "acknowledge"],
    about: "self",
    facts: ownDevice,
    call: (actor) =>
      actor.request("POST", `/v1/devices/current/erasures/${UNKNOWN}/acknowledgement`),
    without: "case_not_found",
  },
};
