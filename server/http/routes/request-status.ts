import { linkedRequest, requestLink } from "../../../contract/requests.ts";
import type { Pool } from "../../../db/pool.ts";
import { Secret } from "../../../keys/secret.ts";
import { showLinkedRequest } from "../../../workflows/requests/show-requests.ts";
import { WorkflowError } from "../../../workflows/workflow-error.ts";
import type { Attempts } from "../attempts.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

/** POST /v1/request-status. Failed attempts count against their network, which sends no device proof. */
export const requestStatusRoute = (deps: {
  readonly pool: Pool;
  readonly attempts: Attempts;
}): Route =>
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
    async ({ body: { tenant, secret }, request: { network } }) => {
      let found: unknown;
      let refusal: WorkflowError | undefined;
      await deps.attempts.run(network, async () => {
        try {
          found = await showLinkedRequest(deps.pool, tenant, new Secret(secret));
          return true;
        } catch (error) {
          if (!(error instanceof WorkflowError)) throw error;
          refusal = error;
          return false;
        }
      });
      if (refusal !== undefined) throw refusal;
      return { status: 200, body: found };
    },
  );
