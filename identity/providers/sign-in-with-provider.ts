import { createHash } from "node:crypto";
import { NO_TENANT } from "../../audit/logs.ts";
import type { IdentityProviderId, UserId } from "../../crypto/wire/ids.ts";
import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { assertServes } from "../accounts/assert-serves.ts";
import type { Tenant } from "../accounts/tenant.ts";
import { IdentityError } from "../identity-error.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { disconnectEnded, type EndedSession } from "../tokens/end-sessions.ts";
import { endProviderSessions } from "./end-provider-sessions.ts";
import { identityIndexes } from "./identity-index.ts";
import { findProvider, type IdentityProvider } from "./identity-provider.ts";
import type { ProviderPerson } from "./person.ts";
import {
  accountOfPerson,
  type DecidedAccount,
  type ProviderAccountDeps,
} from "./provider-account.ts";
import type { ProviderClients } from "./provider-clients.ts";
import { ProviderFailure, type ProviderRefusal } from "./provider-failure.ts";
import { redeemCode, type OidcGrant } from "./redeem-code.ts";
import { isRegistered } from "./redirect-uri.ts";

/** The provider's session, as the session here remembers it. */
export interface ProviderSession {
  /** The provider. */
  readonly id: IdentityProviderId;
  /** The provider's name. */
  readonly name: string;
  /** SHA-256 of the provider's `sid`. */
  readonly sidHash: Uint8Array | undefined;
  /** `auth_time`, in milliseconds since the Unix epoch. */
  readonly authenticatedAtMs: number | undefined;
  /** When the ID token was made, in milliseconds since the Unix epoch by the provider's clock. */
  readonly issuedAtMs: number;
  /** `identityIndexes` of the person. When the session opens, the account must still be linked to them. */
  readonly identityIndexes: readonly Uint8Array[];
}

/** The account of a person, or why they may not sign in. The failure is for the logs. */
export type ProviderOutcome =
  | { readonly user: UserId; readonly session: ProviderSession }
  | {
      readonly failure: ProviderRefusal | IdentityError["code"] | "account_disabled";
      readonly user?: UserId | undefined;
      /** The error that the device is told. Without it, it is told that the sign-in failed. */
      readonly told?: IdentityError;
    };

interface Deps extends ProviderAccountDeps {
  readonly pool: Pool;
  readonly providers: ProviderClients;
  readonly disconnect: Disconnect;
}

export const hashOfSid = (sid: string): Uint8Array => createHash("sha256").update(sid).digest();

const ATTEMPTS = 3;

/**
 * Signs a person in with the evidence of an identity provider.
 * @param tenant undefined if there is no such tenant
 * @param request.thumbprint of the device key that signed the request's proof
 * @param request.origin of the web page that sends the request, if it is not the server's own
 * @throws KeysError kms_...; IdentityError key_destroyed, key_missing, username_taken; tenant_suspended and
 *   origin_not_allowed, before an account is made or changed
 */
export async function signInWithProvider(
  deps: Deps,
  tenant: Tenant | undefined,
  request: {
    readonly grant: OidcGrant;
    readonly thumbprint: string;
    readonly origin: string | undefined;
    readonly nowMs: number;
  },
): Promise<ProviderOutcome> {
  const { grant, thumbprint, origin, nowMs } = request;
  const provider = await inTransaction(deps.pool, tenant?.id ?? NO_TENANT, (client) =>
    findProvider(client, grant.provider),
  );
  if (tenant === undefined || provider === undefined) return { failure: "unknown_provider" };
  if (!isRegistered(provider.redirectUris, grant.redirectUri))
    return { failure: "redirect_uri_not_registered" };
  let person: ProviderPerson;
  try {
    person = await redeemCode(provider, await deps.providers.of(provider), grant, thumbprint);
  } catch (error) {
    if (error instanceof ProviderFailure) return { failure: error.refusal };
    if (error instanceof IdentityError && error.code === "identity_provider_unavailable")
      return {
        failure: error.reasons.includes("client_refused") ? "client_refused" : error.code,
        told: error,
      };
    throw error;
  }
  assertServes(tenant, origin);
  const { decision, user, ended } = await decidedAccount(deps, provider, person, nowMs);
  disconnectEnded(deps.disconnect, provider.tenant, ended);
  if (!decision.allowed || user === undefined) {
    const told = refusalOf(decision.reasons);
    const isDisabled = decision.reasons.includes("account_disabled");
    return { failure: isDisabled ? "account_disabled" : told.code, user, told };
  }
  const session = {
    id: provider.id,
    name: provider.name,
    sidHash: person.session === undefined ? undefined : hashOfSid(person.session),
    authenticatedAtMs: person.authenticatedAtMs,
    issuedAtMs: person.issuedAtMs,
    identityIndexes: identityIndexes(deps.blindIndexKeys(), provider.tenant, {
      ...provider,
      ...person,
    }),
  };
  return { user, session };
}

/**
 * Decides about the person. Who may not sign in any more loses the sessions that are open. Repeats the
 * transaction if another device of the person, or of their namesake, came first.
 */
async function decidedAccount(
  deps: Deps,
  provider: IdentityProvider,
  person: ProviderPerson,
  nowMs: number,
): Promise<DecidedAccount & { readonly ended: readonly EndedSession[] }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(deps.pool, provider.tenant, async (client) => {
        const decided = await accountOfPerson(deps, client, provider, person, nowMs);
        const { decision, user } = decided;
        if (decision.allowed || user === undefined) return { ...decided, ended: [] };
        const which = { condition: "s.user_id = $3", values: [user] };
        const cause = { nowMs, requestId: deps.requestId };
        return { ...decided, ended: await endProviderSessions(client, provider, which, cause) };
      });
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION || attempt === ATTEMPTS) throw error;
    }
  }
}

function refusalOf(reasons: readonly string[]): IdentityError {
  if (reasons.includes("account_disabled"))
    return new IdentityError("sign_in_failed", "The sign-in failed.", { reasons });
  return reasons.includes("no_account")
    ? new IdentityError(
        "account_not_linked",
        "You have no account here. Ask your administrator to create one for you.",
        { reasons },
      )
    : new IdentityError(
        "role_not_assigned",
        "None of your groups gives you a role here. Ask your administrator for one.",
        { reasons },
      );
}
