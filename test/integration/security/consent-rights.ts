import { randomBytes } from "node:crypto";
import { consentBody, consentRecord } from "../control-plane/history-requests.ts";
import { proposedNotice } from "./consent-calls.ts";
import { ofPlace, type RouteRight } from "./route-right.ts";

const none = () => ({});

/** The right that each route of notices and consents needs. */
export const consentRights: Readonly<Record<string, RouteRight>> = {
  "POST /v1/consents": {
    right: ["conversation", "change_consent"],
    about: "conversation",
    facts: (actor, target) => ({ ...ofPlace(actor, target), consentFaults: [] }),
    call: async (actor, { place }) => {
      const body = await consentBody(actor, await consentRecord(actor, place.id, "given"));
      return actor.request("POST", "/v1/consents", { body });
    },
  },
  "GET /v1/conversations/{id}/consents/{purpose}": {
    right: ["conversation", "read"],
    about: "conversation",
    facts: ofPlace,
    call: (actor, { place }) => {
      const nonce = randomBytes(32).toString("base64url");
      const path = `/v1/conversations/${place.id}/consents/archiving?nonce=${nonce}`;
      return actor.request("GET", path);
    },
  },
  "POST /v1/notices": {
    right: ["notices", "propose"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("POST", "/v1/notices", { body: proposedNotice }),
  },
  "GET /v1/notices": {
    right: ["notices", "oversee"],
    about: "tenant",
    facts: none,
    call: (actor) => actor.request("GET", "/v1/notices"),
  },
  "GET /v1/notices/{version}/views": {
    right: ["notices", "oversee"],
    about: "tenant",
    facts: none,
    call: (actor, { draft }) => actor.request("GET", `/v1/notices/${draft.version}/views`),
  },
};
