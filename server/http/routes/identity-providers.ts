import {
  identityProviders,
  providerParams,
  tenantParams,
} from "../../../contract/identity-providers.ts";
import type { Pool } from "../../../db/pool.ts";
import { IdentityError } from "../../../identity/identity-error.ts";
import { logOutByProvider, type LogOutDeps } from "../../../identity/providers/log-out.ts";
import { publishedProviders } from "../../../identity/providers/published-providers.ts";
import { asStranger } from "../../../identity/providers/strangers.ts";
import { siteOf } from "../../network.ts";
import { answeredInSteps } from "../answered-in-steps.ts";
import type { Attempts } from "../attempts.ts";
import { HttpError } from "../http-error.ts";
import { route, streamRoute, type Route, type StreamRoute } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

/** GET /v1/tenants/{tenant}/identity-providers. An unknown tenant has none, as many tenants have. */
export function listIdentityProvidersRoute({ pool }: { readonly pool: Pool }): Route {
  return route(
    {
      method: "get",
      path: "/v1/tenants/{tenant}/identity-providers",
      summary: "List the identity providers with which the staff of a tenant sign in",
      tag: "Sessions",
      access: "public",
      audits: { nothing: "whoever wants to sign in must know it" },
      params: tenantParams,
      problems: ["overloaded"],
      answers: { 200: { description: "The providers, by name", schema: identityProviders } },
    },
    async ({ params, request }) => {
      const read = () => publishedProviders(pool, params.tenant);
      return {
        status: 200,
        body: { providers: await asStranger("list", siteOf(request.network), read) },
      };
    },
  );
}

const FORM = "application/x-www-form-urlencoded";

/** POST .../backchannel-logout: OpenID Connect Back-Channel Logout 1.0 section 2.5. */
export function backchannelLogoutRoute({
  logOut,
  attempts,
}: {
  readonly logOut: LogOutDeps;
  /** The failed attempts of each network. */
  readonly attempts: Attempts;
}): StreamRoute {
  return streamRoute(
    {
      method: "post",
      path: "/v1/tenants/{tenant}/identity-providers/{provider}/backchannel-logout",
      summary: "End the sessions that an identity provider says are over",
      tag: "Sessions",
      access: "public",
      audits: ["tenant.provider_logout"],
      params: providerParams,
      stream: FORM,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The sessions have ended" } },
      problems: ["invalid_logout_token", "identity_provider_unavailable", "rate_limited"],
    },
    async ({ requestId, params, request }, incoming, response, body) => {
      if (!(incoming.headers["content-type"] ?? "").toLowerCase().startsWith(FORM))
        throw new HttpError("unsupported_media_type", `Send the body as ${FORM}.`);
      const sender = { kind: "stranger", network: request.network } as const;
      const form = new URLSearchParams((await body.whole(bodyLimits.small, sender)).toString());
      // Of several, none counts.
      const [token = "", ...more] = form.getAll("logout_token");
      const given = { ...params, token: more.length === 0 ? token : "", requestId };
      let refusal: IdentityError | undefined;
      await attempts.run(request.network, async () => {
        try {
          const site = siteOf(request.network);
          const ending = asStranger("logout", site, () => logOutByProvider(logOut, given));
          await answeredInSteps("invalid_logout_token", ending);
          return true;
        } catch (error) {
          if (!(error instanceof IdentityError)) throw error;
          refusal = error;
          return false;
        }
      });
      if (refusal !== undefined) throw refusal;
      response.writeHead(200).end();
    },
  );
}
