import { openSession } from "../../../keys/tokens/open-session.ts";
import type { Grant, SignInDeps } from "../../../keys/tokens/sign-in.ts";
import { Secret } from "../../../keys/secret.ts";
import type { z } from "zod";
import { smallBody } from "../bodies/body-limit.ts";
import { HttpError } from "../http-error.ts";
import type { Limiter } from "../limits.ts";
import { route, type Route } from "../route.ts";
import { openedSession, signInBody } from "./session-schemas.ts";

/**
 * POST /v1/sessions. Every attempt counts against its account. Only failed attempts count against
 * the address, which many people may share.
 */
export function openSessionRoute(
  deps: Omit<SignInDeps, "admit"> & { readonly byAddress: Limiter; readonly byAccount: Limiter },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/sessions",
      summary: "Sign in, with a password or a customer token",
      tag: "Sessions",
      access: "public",
      audits: ["session.create"],
      body: signInBody,
      bodyLimit: smallBody,
      answers: {
        201: { description: "A session bound to the proof's key", schema: openedSession },
      },
      problems: [
        "sign_in_failed",
        "missing_token",
        "invalid_proof",
        "proof_reused",
        "device_revoked",
        "tenant_suspended",
        "rate_limited",
      ],
    },
    async ({ body, request, requestId }) => {
      const succeeded = await deps.byAddress.take(request.network);
      const { method, url, proof } = request;
      if (proof === undefined)
        throw new HttpError("missing_token", "Send a device proof in the DPoP header.");
      const admit = async (account: string) => void (await deps.byAccount.take(account));
      const opened = await openSession(
        { ...deps, requestId, admit },
        { grant: grantOf(body), tenant: body.tenant, proof, method, url },
      );
      await succeeded();
      return { status: 201, body: opened };
    },
  );
}

function grantOf(body: z.output<typeof signInBody>): Grant {
  switch (body.grant) {
    case "password":
      return { kind: body.grant, username: body.username, password: new Secret(body.password) };
    case "customer_token":
      return { kind: body.grant, token: new Secret(body.token) };
  }
}
