import { createHash } from "node:crypto";
import * as openid from "openid-client";
import { oidcNonce } from "../../crypto/wire/oidc-nonce.ts";
import { IdentityError } from "../identity-error.ts";
import type { Secret } from "../../keys/secret.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import { personIn, type ProviderPerson } from "./person.ts";
import { CLOCK_TOLERANCE_S, type ProviderClient } from "./provider-clients.ts";
import { ProviderFailure, type ProviderRefusal } from "./provider-failure.ts";
import { tokenErrorOf } from "./token-error.ts";
import { verifySignature } from "./verify-signature.ts";

/** What a device brings from a provider (OpenID Connect Core 1.0 section 3.1.2.5). */
export interface OidcGrant {
  readonly kind: "oidc";
  /** The provider's name. */
  readonly provider: string;
  readonly code: Secret<string>;
  /** RFC 7636 section 4.1. */
  readonly codeVerifier: Secret<string>;
  readonly redirectUri: string;
  /** 32 bytes: see `oidcNonce`. */
  readonly nonceSeed: Uint8Array;
  /** The `iss` parameter of the redirect (RFC 9207), if it had one. */
  readonly iss: string | undefined;
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/**
 * Redeems an authorization code and verifies the ID token (OpenID Connect Core 1.0 section 3.1.3.7):
 * signature, `iss`, `aud`, `azp`, `exp`, `iat`, and the nonce, which binds it to the device key. Claims
 * that the ID token lacks are asked for at the UserInfo endpoint.
 * @param thumbprint of the device key that signed the request's proof
 * @throws ProviderFailure; IdentityError identity_provider_unavailable
 */
export async function redeemCode(
  provider: IdentityProvider,
  client: ProviderClient,
  grant: OidcGrant,
  thumbprint: string,
): Promise<ProviderPerson> {
  const { config } = client;
  if (grant.iss !== undefined && grant.iss !== provider.issuer)
    throw new ProviderFailure("wrong_issuer");
  const redirect = new URL(grant.redirectUri);
  redirect.searchParams.set("code", grant.code.reveal());
  if (grant.iss !== undefined) redirect.searchParams.set("iss", grant.iss);
  try {
    const tokens = await openid.authorizationCodeGrant(config, redirect, {
      pkceCodeVerifier: grant.codeVerifier.reveal(),
      expectedNonce: oidcNonce(sha256, thumbprint, grant.nonceSeed),
      // The device compared it.
      expectedState: openid.skipStateCheck,
      idTokenExpected: true,
    });
    await verifySignature(provider, client, tokens.id_token ?? "");
    const claims: Record<string, unknown> = { ...tokens.claims() };
    if (Number(claims["iat"]) > Date.now() / 1000 + CLOCK_TOLERANCE_S)
      throw new ProviderFailure("expired");
    const isWhole = Object.hasOwn(claims, provider.groupsClaim) && "preferred_username" in claims;
    if (isWhole || provider.metadata.userinfo_endpoint === undefined)
      return personIn(claims, provider);
    const subject = String(claims["sub"]);
    const more = await openid.fetchUserInfo(config, tokens.access_token, subject);
    return personIn({ ...more, ...claims }, provider);
  } catch (error) {
    throw failureOf(error);
  }
}

/** Refusals of an ID token, by the claim that openid-client compared. */
const OF_CLAIMS: Readonly<Record<string, ProviderRefusal>> = {
  iss: "wrong_issuer",
  aud: "wrong_audience",
  azp: "wrong_audience",
  nonce: "wrong_nonce",
};

/**
 * Returns the refusal that an error means, or `identity_provider_unavailable` for everything that is
 * not about this sign-in.
 */
function failureOf(error: unknown): Error {
  if (error instanceof ProviderFailure) return error;
  const refused = tokenErrorOf(error);
  if (refused === "client_refused") return unavailable(error, refused);
  if (refused !== undefined) return new ProviderFailure("code_refused", { cause: error });
  const { code, cause } = error as {
    readonly code?: unknown;
    readonly cause?: { readonly cause?: { readonly claim?: unknown } };
  };
  const claim = cause?.cause?.claim;
  switch (code) {
    case "OAUTH_JWT_CLAIM_COMPARISON_FAILED":
      return new ProviderFailure(OF_CLAIMS[String(claim)] ?? "invalid_claim", { cause: error });
    case "OAUTH_JWT_TIMESTAMP_CHECK_FAILED":
      return new ProviderFailure("expired", { cause: error });
    case "OAUTH_INVALID_RESPONSE":
    case "OAUTH_UNSUPPORTED_OPERATION":
      return new ProviderFailure("malformed", { cause: error });
    default:
      return unavailable(error);
  }
}

const unavailable = (cause: unknown, ...reasons: readonly ProviderRefusal[]): IdentityError =>
  new IdentityError(
    "identity_provider_unavailable",
    "The organisation's identity provider did not answer as it must. Try again, or ask your administrator.",
    { cause, reasons },
  );
