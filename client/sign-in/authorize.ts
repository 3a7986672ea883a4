import type { SignIn } from "../../contract/sessions.ts";
import { identityProviders } from "../../contract/identity-providers.ts";
import { fromBase64Url, toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { NONCE_SEED_BYTES, oidcNonce } from "../../crypto/wire/oidc-nonce.ts";
import { randomBytes, sha256 } from "../../crypto/device/sodium.ts";
import { SealdeskError } from "../errors.ts";
import type { Exchange } from "../http/transport.ts";

/** A request that sends a person to a provider, as far as the answer to it must fit. */
export interface SignInAttempt {
  readonly tenant: string;
  /** The provider's name. */
  readonly provider: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  /** RFC 7636 section 4.1. */
  readonly codeVerifier: string;
  /** 32 bytes in base64url: see `oidcNonce`. */
  readonly nonceSeed: string;
}

/**
 * Shows a person the page at `url`, and resolves with the whole URL to which the provider sent them back. If it leaves
 * the application's page for that, it keeps `attempt`. `resume` then returns it and the answer, once, when the application
 * is at `redirectUri` again.
 */
export type Authorize = ((url: string, attempt: SignInAttempt) => Promise<string> | string) & {
  readonly resume?: (
    redirectUri: string,
  ) => { readonly attempt: SignInAttempt; readonly callback: string } | undefined;
};

/** Credentials for signing in with an identity provider of the tenant. */
export interface OidcCredentials {
  readonly grant: "oidc";
  /** The tenant's slug. */
  readonly tenant: string;
  /** The provider's name, as the operator gave it. */
  readonly provider: string;
  /** Where the provider sends the person back. The operator and the provider must have registered it. */
  readonly redirectUri: string;
  /**
   * Asked at each sign-in. Show the person the page at `url`, in the system's browser or a pop-up, and
   * resolve with the whole URL to which the provider sent them back. `fullPageRedirect` does so without a pop-up.
   */
  readonly authorize: Authorize;
  /**
   * Any text that differs between people. If you pass it, a session that the store keeps for another
   * person is not continued.
   */
  readonly subject?: string;
  /**
   * The provider's issuer identifier, as your administrator gave it to you. With these three pins, the
   * server can name no other provider.
   */
  readonly issuer?: string;
  /** The client id that the provider gave Sealdesk. */
  readonly clientId?: string;
  /** The URL of the provider's page. */
  readonly authorizationEndpoint?: string;
  /** Scopes that may be asked for besides `openid`, `profile`, `email` and `groups`. */
  readonly scopes?: readonly string[];
  /**
   * If true, the person proves to the provider again who they are, and a session that the store keeps
   * is not continued. Acts that are refused with `step_up_required` need it.
   */
  readonly fresh?: boolean;
}

/** An identity provider with which the staff of a tenant sign in. */
export interface IdentityProvider {
  readonly name: string;
  /** The provider's issuer identifier, a URL. */
  readonly issuer: string;
  readonly clientId: string;
  readonly authorizationEndpoint: string;
  /** Whether each of its answers names the issuer (RFC 9207). */
  readonly answersWithIssuer: boolean;
  /** The scopes that are asked for. */
  readonly scope: string;
  /** Where the person signs out of the provider, if it has such a page. */
  readonly endSessionEndpoint: string | null;
}

/** Reads the identity providers of a tenant. It needs no session. */
export async function readProviders(
  exchange: Exchange,
  tenant: string,
): Promise<readonly IdentityProvider[]> {
  const path = `v1/tenants/${encodeURIComponent(tenant)}/identity-providers`;
  return (await exchange({ method: "GET", path, answer: identityProviders })).providers;
}

/**
 * Sends the person to the provider, and returns what the server redeems (OpenID Connect Core 1.0 section
 * 3.1, with PKCE, RFC 7636). The nonce binds the sign-in to this device's key: see `oidcNonce`.
 * @throws SealdeskError sign_in_failed: the provider refused, or the tenant has no such provider;
 *   sign_in_not_authentic: the answer is not one to this request, or the server names another provider
 *   than the credentials
 */
export async function authorize(
  exchange: Exchange,
  credentials: OidcCredentials,
  thumbprint: string,
): Promise<SignIn> {
  const { tenant, redirectUri } = credentials;
  // Before the first request, so that nothing else of the page sees the answer meanwhile.
  const resumed = credentials.authorize.resume?.(redirectUri);
  const provider = (await readProviders(exchange, tenant)).find(
    ({ name }) => name === credentials.provider,
  );
  if (provider === undefined)
    throw new SealdeskError("sign_in_failed", "The tenant has no such identity provider.");
  assertPinned(provider, credentials);
  const { issuer, clientId } = provider;
  const about = { tenant, provider: provider.name, issuer, clientId, redirectUri };
  const attempt = resumed?.attempt ?? newAttempt(about);
  for (const [name, value] of Object.entries(about))
    if (attempt[name as keyof typeof about] !== value)
      throw notAuthentic(`it was begun with another ${name}`);
  const { state, codeVerifier } = attempt;
  const callback =
    resumed?.callback ??
    (await credentials.authorize(requestUrl(provider, attempt, thumbprint, credentials), attempt));
  const { code, iss } = answerIn(callback, { redirectUri, state, provider });
  const nonceSeed = fromBase64Url(attempt.nonceSeed);
  return {
    grant: "oidc",
    tenant,
    provider: provider.name,
    code,
    codeVerifier,
    redirectUri,
    nonceSeed,
    iss,
  };
}

const newAttempt = (
  about: Omit<SignInAttempt, "state" | "codeVerifier" | "nonceSeed">,
): SignInAttempt => ({
  ...about,
  state: toBase64Url(randomBytes(32)),
  codeVerifier: toBase64Url(randomBytes(32)),
  nonceSeed: toBase64Url(randomBytes(NONCE_SEED_BYTES)),
});

/** Returns the URL of the authorization request. */
function requestUrl(
  provider: IdentityProvider,
  { clientId, redirectUri, state, codeVerifier, nonceSeed }: SignInAttempt,
  thumbprint: string,
  { fresh }: OidcCredentials,
): string {
  const request = new URL(provider.authorizationEndpoint);
  for (const [name, value] of Object.entries({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: provider.scope,
    state,
    nonce: oidcNonce(sha256, thumbprint, fromBase64Url(nonceSeed)),
    code_challenge: toBase64Url(sha256(utf8(codeVerifier))),
    code_challenge_method: "S256",
    // OpenID Connect Core 1.0 section 3.1.2.1. With `max_age`, the ID token has `auth_time`.
    ...(fresh === true && { prompt: "login", max_age: "0" }),
  }))
    request.searchParams.set(name, value);
  return request.href;
}

const SCOPES: readonly string[] = ["openid", "profile", "email", "groups"];

/** Compares the server's answer with what the application knows of the provider. */
function assertPinned(provider: IdentityProvider, credentials: OidcCredentials): void {
  for (const pin of ["issuer", "clientId", "authorizationEndpoint"] as const)
    if (credentials[pin] !== undefined && credentials[pin] !== provider[pin])
      throw new SealdeskError(
        "sign_in_not_authentic",
        `The server names another \`${pin}\` than the credentials. Ask your administrator which is right.`,
      );
  const allowed = [...SCOPES, ...(credentials.scopes ?? [])];
  if (!provider.scope.split(" ").every((scope) => allowed.includes(scope)))
    throw new SealdeskError(
      "sign_in_not_authentic",
      "The server asks for a scope that the credentials do not name. If it is right, add it to `scopes`.",
    );
}

/** Checks the provider's answer before anything of it is used (RFC 9700 section 2.1, RFC 9207). */
function answerIn(
  callback: unknown,
  sent: {
    readonly redirectUri: string;
    readonly state: string;
    readonly provider: IdentityProvider;
  },
): { readonly code: string; readonly iss: string | undefined } {
  if (typeof callback !== "string" || !URL.canParse(callback))
    throw notAuthentic("`authorize` must return the URL to which the provider sent the person");
  const url = new URL(callback);
  const parameter = (name: string): string | undefined => {
    const [value, ...more] = url.searchParams.getAll(name);
    if (more.length > 0) throw notAuthentic(`it has ${name} twice`);
    return value;
  };
  const [state, iss, error, code] = ["state", "iss", "error", "code"].map(parameter);
  if (!isSamePage(url, sent.redirectUri)) throw notAuthentic("it came to another redirect URI");
  if (state !== sent.state) throw notAuthentic("its state is not the one that was sent");
  const isFromProvider =
    iss === undefined ? !sent.provider.answersWithIssuer : iss === sent.provider.issuer;
  if (!isFromProvider) throw notAuthentic("it comes from another identity provider");
  if (error !== undefined)
    throw new SealdeskError("sign_in_failed", "The identity provider refused the sign-in.", {
      problem: error.slice(0, 64),
    });
  if (code === undefined || code === "") throw notAuthentic("it has no code");
  return { code, iss };
}

/** Returns whether the URL is that of the redirect URI, but for what the provider added. */
export const isSamePage = (url: URL, redirectUri: string): boolean =>
  withoutQuery(url) === withoutQuery(new URL(redirectUri));

function withoutQuery(url: URL): string {
  const bare = new URL(url);
  bare.search = "";
  bare.hash = "";
  return bare.href;
}

/** The refusal of an answer that is not one to this sign-in. */
const notAuthentic = (why: string): SealdeskError =>
  new SealdeskError("sign_in_not_authentic", `The answer does not belong to this sign-in: ${why}.`);
