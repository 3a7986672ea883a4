import * as z from "zod/mini";
import {
  assignedRequest,
  newEmailRequest,
  newRequestSubject,
  requestVerification,
} from "../../../contract/request-handling.ts";
import { caseId } from "../../../contract/values.ts";
import { askByEmail, type EmailRequestDeps } from "../../../workflows/requests/ask-by-email.ts";
import { assignRequest } from "../../../workflows/requests/assign-request.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

/** The routes of requests that came by e-mail. Whoever has the mailbox needs no account: see `request-status.ts`. */
export const emailRequestRoutes = (deps: EmailRequestDeps): readonly Route[] => [
  askRoute(deps),
  assignRoute(deps),
];

/** POST /v1/email-requests */
const askRoute = (deps: EmailRequestDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/email-requests",
      summary: "Record a request that came by e-mail. You send the link to the address",
      tag: "Requests",
      access: "session",
      audits: ["request.ask_by_email"],
      body: newEmailRequest,
      bodyLimit: bodyLimits.small,
      answers: {
        201: {
          description: "The link. It says not whether a customer has the address",
          schema: requestVerification,
        },
      },
      problems: ["forbidden", "device_required", "invalid_receipt", "too_many_receipts"],
    },
    async ({ who: { actor }, body }) => ({
      status: 201,
      body: await askByEmail(deps, { actor }, body),
    }),
  );

/** PUT /v1/requests/{id}/subject */
const assignRoute = (deps: EmailRequestDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/requests/{id}/subject",
      summary: "Say of which account a request is that came by e-mail",
      tag: "Requests",
      access: "session",
      audits: ["request.assign"],
      params: z.strictObject({ id: caseId }),
      body: newRequestSubject,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The request that goes on", schema: assignedRequest } },
      problems: [
        "forbidden",
        "device_required",
        "request_not_found",
        "user_not_found",
        "case_moved",
        "right_not_available",
      ],
    },
    async ({ who: { actor }, params: { id }, body: { user: subject } }) => ({
      status: 200,
      body: { id: await assignRequest(deps, { actor }, { id, subject }) },
    }),
  );
