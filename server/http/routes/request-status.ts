import { linkedCertificate, linkedRequest, requestLink } from "../../../contract/request-link.ts";
import { acknowledgedRequest } from "../../../contract/requests.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { Secret } from "../../../keys/secret.ts";
import {
  readLinkedCertificate,
  showLinkedRequest,
  type RequestLink,
} from "../../../workflows/requests/linked-request.ts";
import type { StopDeps } from "../../../workflows/erasure/stop-erasure.ts";
import { verifyEmailRequest } from "../../../workflows/requests/verify-email-request.ts";
import { withdrawByLink } from "../../../workflows/requests/withdraw-request.ts";
import { WorkflowError } from "../../../workflows/workflow-error.ts";
import type { Attempts } from "../attempts.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

interface LinkRoutesDeps extends UseCase, StopDeps {
  /** Failed attempts count against their network, which sends no device proof. */
  readonly attempts: Attempts;
  readonly publicUrl: string;
}

/** The routes of whoever has the link of a request. */
export const requestLinkRoutes = (deps: LinkRoutesDeps): readonly Route[] => [
  statusRoute(deps),
  certificateRoute(deps),
  withdrawRoute(deps),
  verifyRoute(deps),
];

const wrongLink: readonly string[] = ["request_not_found", "email_request_not_found"];

interface SentLink {
  readonly tenant: string;
  readonly secret: Uint8Array;
}

/** Runs a use case on a link. Only a wrong link counts as a failed attempt. */
async function onLink<T>(
  attempts: Attempts,
  network: string,
  { tenant, secret }: SentLink,
  work: (link: RequestLink) => Promise<T>,
): Promise<T> {
  let outcome: { readonly value: T } | { readonly refusal: WorkflowError } | undefined;
  await attempts.run(network, async () => {
    try {
      outcome = { value: await work({ tenant, secret: new Secret(secret) }) };
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowError)) throw error;
      outcome = { refusal: error };
      return !wrongLink.includes(error.code);
    }
  });
  if (outcome === undefined) throw new Error("no attempt was made");
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome.value;
}

/** POST /v1/request-status */
const statusRoute = ({ attempts, ...deps }: LinkRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/request-status",
      summary: "Read how far a request is, with its link and without an account",
      tag: "Requests",
      access: "public",
      audits: {
        nothing: "whoever has the link of a request sees its state, and no data of a person",
      },
      body: requestLink,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "How far the request is", schema: linkedRequest } },
      problems: ["request_not_found", "rate_limited"],
    },
    async ({ body, request: { network } }) => ({
      status: 200,
      body: await onLink(attempts, network, body, (link) => showLinkedRequest(deps, link)),
    }),
  );

/** POST /v1/request-status/certificate */
const certificateRoute = ({ attempts, ...deps }: LinkRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/request-status/certificate",
      summary: "Read the certificate of one's erasure, with the link of the request",
      tag: "Requests",
      access: "public",
      audits: {
        nothing: "whoever has the link of a request reads what was handed to the person",
      },
      body: requestLink,
      bodyLimit: bodyLimits.small,
      answers: {
        200: {
          description: "The bytes of the file, which anybody can verify offline",
          schema: linkedCertificate,
        },
      },
      problems: ["request_not_found", "certificate_not_found", "rate_limited"],
    },
    async ({ body, request: { network } }) => {
      const read = (link: RequestLink) => readLinkedCertificate(deps, link);
      return { status: 200, body: { file: await onLink(attempts, network, body, read) } };
    },
  );

/** POST /v1/request-status/withdrawal */
const withdrawRoute = ({ attempts, ...deps }: LinkRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/request-status/withdrawal",
      summary: "Withdraw one's request, with its link and without an account",
      tag: "Requests",
      access: "public",
      audits: ["request.withdraw"],
      body: requestLink,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is withdrawn, and nothing is erased" } },
      problems: ["request_not_found", "case_moved", "rate_limited"],
    },
    async ({ body, request: { network } }) => {
      await onLink(attempts, network, body, (link) => withdrawByLink(deps, link));
      return { status: 204 };
    },
  );

/** POST /v1/email-request-verification */
const verifyRoute = ({ attempts, ...deps }: LinkRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/email-request-verification",
      summary: "Show that a request by e-mail is yours, with the link that was sent to the address",
      tag: "Requests",
      access: "public",
      audits: ["request.open"],
      body: requestLink,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The acknowledgement", schema: acknowledgedRequest } },
      problems: ["email_request_not_found", "right_not_available", "rate_limited"],
    },
    async ({ body, request: { network } }) => ({
      status: 201,
      body: await onLink(attempts, network, body, (link) => verifyEmailRequest(deps, link)),
    }),
  );
