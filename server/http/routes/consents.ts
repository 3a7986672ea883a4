import {
  consentParams,
  consentReceiptFile,
  consents,
  consentsQuery,
  newConsent,
  recordedConsent,
  statedConsent,
  statementParams,
  statementQuery,
  userConsentsParams,
} from "../../../contract/consents.ts";
import type { LogSigner } from "../../../audit/logs.ts";
import type { KnownHeads } from "../../../audit/read/known-heads.ts";
import { consentReceipt } from "../../../messaging/consents/consent-receipt.ts";
import { readConsents, type StoredConsent } from "../../../messaging/consents/read-consents.ts";
import { recordConsent } from "../../../messaging/consents/record-consent.ts";
import { stateConsent } from "../../../messaging/consents/state-consent.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

export interface ConsentRoutesDeps extends MessagingDeps {
  readonly heads: KnownHeads;
  /** Signs the statements about consents. */
  readonly signer: LogSigner;
}

/** The routes of consents. */
export const consentRoutes = (deps: ConsentRoutesDeps): readonly Route[] => [
  recordRoute(deps),
  listRoute(deps),
  stateRoute(deps),
  receiptRoute(deps),
];

/** POST /v1/consents */
const recordRoute = (deps: ConsentRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/consents",
      summary: "Give or withdraw a consent, for the account or in a conversation",
      tag: "Consents",
      access: "session",
      audits: [["consent.given", "consent.withdrawn"]],
      body: newConsent,
      bodyLimit: bodyLimits.consent,
      answers: { 200: { description: "Where the record stands", schema: recordedConsent } },
      problems: [
        "quota_exceeded",
        "conversation_not_found",
        "invalid_record",
        "invalid_signature",
        "record_exists",
        "stale_record",
        "stale_consents",
        "notice_not_found",
        "notice_superseded",
        "forbidden",
        "device_required",
        "not_a_member",
        "no_device",
        "contended",
        "processing_restricted",
      ],
    },
    async ({ who: { actor }, body: { record: text, signature, placed } }) => {
      const receipt = placed && { text: placed.receipt, signature: placed.signature };
      const asked = { signed: { text, signature }, placed: receipt };
      const { number, seq = null } = await recordConsent(deps, actor, asked);
      return { status: 200, body: { number, seq } };
    },
  );

const shown = ({ text: record, ...rest }: StoredConsent) => ({ ...rest, record });

/** GET /v1/users/{user}/consents */
const listRoute = (deps: ConsentRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/users/{user}/consents",
      summary: "Read the consent records of an account",
      tag: "Consents",
      access: "session",
      audits: ["consent.list"],
      isUnlimited: true,
      params: userConsentsParams,
      query: consentsQuery,
      answers: { 200: { description: "At most 100, the earliest first", schema: consents } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, params: { user }, query: { after = 0 } }) => ({
      status: 200,
      body: { consents: (await readConsents(deps, { actor }, { user, after })).map(shown) },
    }),
  );

/** GET /v1/conversations/{id}/consents/{purpose} */
const stateRoute = (deps: ConsentRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/conversations/{id}/consents/{purpose}",
      summary: "Ask for a signed statement whether the conversation's customer consents now",
      tag: "Consents",
      access: "session",
      audits: { nothing: "It is about the present only, and the members know the consents." },
      params: statementParams,
      query: statementQuery,
      answers: { 200: { description: "The statement", schema: statedConsent } },
      problems: ["forbidden", "processing_restricted", "conversation_not_found", "key_log_behind"],
    },
    async ({ who: { actor }, params: { id: conversation, purpose }, query: { nonce } }) => {
      const asked = { conversation, purpose, nonce };
      const { statement, decidedBy } = await stateConsent(deps, actor, asked);
      return { status: 200, body: { statement, decidedBy: decidedBy ? shown(decidedBy) : null } };
    },
  );

/** GET /v1/consents/{id}/receipt */
const receiptRoute = (deps: ConsentRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/consents/{id}/receipt",
      summary: "Fetch the receipt of a consent, which anybody can verify offline",
      tag: "Consents",
      access: "session",
      audits: ["consent.receipt"],
      isUnlimited: true,
      params: consentParams,
      answers: { 200: { description: "The receipt as a file", schema: consentReceiptFile } },
      problems: ["forbidden", "consent_not_found", "countersignature_pending"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: { receipt: await consentReceipt(deps, { actor }, id) },
    }),
  );
