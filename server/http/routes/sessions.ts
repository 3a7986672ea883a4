import { openedSession, renewedSession, signIn, type SignIn } from "../../../contract/sessions.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { Secret } from "../../../keys/secret.ts";
import type { AccessTokens } from "../../../identity/tokens/access-token.ts";
import { closeSession, renewSession } from "../../../identity/tokens/current-session.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import { openSession } from "../../../identity/tokens/open-session.ts";
import type { Grant, SignInDeps, SignInLimits } from "../../../identity/tokens/sign-in.ts";
import { proofOf } from "./second-factor.ts";
import { siteOf } from "../../network.ts";
import { answeredInSteps } from "../answered-in-steps.ts";
import { HttpError } from "../http-error.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

/**
 * POST /v1/sessions. Only failed attempts count against their account and their network, which
 * many people may share.
 */
export function openSessionRoute(
  deps: Omit<SignInDeps, "limits" | "site"> & {
    readonly limitsOf: (address: string) => SignInLimits;
  },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/sessions",
      summary:
        "Sign in, with a password, a passkey, a customer token, a code of an identity provider, or anonymously",
      tag: "Sessions",
      access: "public",
      audits: ["session.create"],
      body: signIn,
      bodyLimit: bodyLimits.small,
      answers: {
        201: { description: "A session bound to the proof's key", schema: openedSession },
      },
      problems: [
        "sign_in_failed",
        "identity_provider_unavailable",
        "role_not_assigned",
        "account_not_linked",
        "customer_exists",
        "customer_known",
        "subject_erased",
        "second_factor_required",
        "second_factor_failed",
        "second_factor_locked",
        "missing_token",
        "invalid_proof",
        "proof_reused",
        "device_revoked",
        "tenant_suspended",
        "rate_limited",
      ],
    },
    async ({ body, request, requestId }) => {
      const { method, url, proof, origin } = request;
      if (proof === undefined)
        throw new HttpError("missing_token", "Send a device proof in the DPoP header.");
      const opened = await answeredInSteps(
        "sign_in_failed",
        openSession(
          {
            ...deps,
            requestId,
            limits: deps.limitsOf(request.network),
            site: siteOf(request.network),
          },
          { grant: grantOf(body), tenant: body.tenant, proof, method, url, origin },
        ),
      );
      return { status: 201, body: opened };
    },
  );
}

function grantOf(body: SignIn): Grant {
  switch (body.grant) {
    case "password":
      return {
        kind: body.grant,
        username: body.username,
        password: new Secret(body.password),
        factor: body.secondFactor && proofOf(body.secondFactor),
      };
    case "passkey":
      return { kind: body.grant, answer: body.answer };
    case "customer_token":
      return { kind: body.grant, token: new Secret(body.token) };
    case "anonymous":
      return { kind: body.grant };
    case "oidc": {
      const { provider, redirectUri, nonceSeed, iss } = body;
      const [code, codeVerifier] = [new Secret(body.code), new Secret(body.codeVerifier)];
      return { kind: body.grant, provider, code, codeVerifier, redirectUri, nonceSeed, iss };
    }
  }
}

/** POST /v1/sessions/current/renew */
export function renewSessionRoute(deps: UseCase & { readonly accessTokens: AccessTokens }): Route {
  return route(
    {
      method: "post",
      path: "/v1/sessions/current/renew",
      summary: "Get a fresh access token for the current session, also after the last one expired",
      tag: "Sessions",
      access: "renewal",
      isForEnrolment: true,
      audits: ["session.renew"],
      isUnlimited: true,
      answers: { 200: { description: "A fresh access token", schema: renewedSession } },
    },
    async ({ who }) => ({
      status: 200,
      body: await renewSession(deps, who),
    }),
  );
}

/** DELETE /v1/sessions/current */
export function closeSessionRoute(deps: UseCase & { readonly disconnect: Disconnect }): Route {
  return route(
    {
      method: "delete",
      path: "/v1/sessions/current",
      summary: "Sign out",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: ["session.revoke"],
      isUnlimited: true,
      answers: { 204: { description: "The session's tokens serve no more" } },
    },
    async ({ who }) => {
      await closeSession(deps, who);
      return { status: 204 };
    },
  );
}
