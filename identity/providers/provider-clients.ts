import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import * as openid from "openid-client";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { openClientSecret } from "./client-secret.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import { algorithmsOf } from "./provider-metadata.ts";

/** What talks to one provider: the client of its endpoints, and its keys. */
export interface ProviderClient {
  readonly config: openid.Configuration;
  /** Its keys (JWK Set), fetched when a signature names one that is not known. */
  readonly keys: JWTVerifyGetKey;
}

interface Deps {
  readonly subjects: SubjectKeys;
  readonly fetch: ProviderFetch;
  /** Whether a provider may be reached over http on this machine. */
  readonly allowsHttp: boolean;
}

/** Accepted difference between the provider's clock and the server's, in seconds. */
export const CLOCK_TOLERANCE_S = 60;
/** Providers whose clients are kept, so that their keys are not fetched for each sign-in. */
const MOST_KEPT = 1_000;
/** Between two fetches of a provider's keys for an unknown key, in milliseconds. */
const KEYS_COOLDOWN_MS = 30_000;
/** Age at which a provider's keys are fetched again, in milliseconds. */
const KEYS_AGE_MS = 600_000;

/** The clients of the providers. The oldest are forgotten, and one whose settings changed is replaced. */
export class ProviderClients {
  readonly #deps: Deps;
  readonly #kept = new Map<
    string,
    { readonly sealed: Uint8Array; readonly client: ProviderClient }
  >();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @throws IdentityError key_missing; KeysError seal_broken, kms_... */
  async of(provider: IdentityProvider): Promise<ProviderClient> {
    const kept = this.#kept.get(provider.id);
    if (kept !== undefined && Buffer.compare(kept.sealed, provider.clientSecret) === 0)
      return kept.client;
    const secret = await openClientSecret(this.#deps.subjects, provider);
    const client = createClient(provider, secret.reveal(), this.#deps);
    this.#kept.set(provider.id, { sealed: provider.clientSecret, client });
    const [oldest = ""] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest);
    return client;
  }
}

/** Creates the client of a provider. It sends nothing yet. */
export function createClient(
  { issuer, clientId, metadata }: Pick<IdentityProvider, "issuer" | "clientId" | "metadata">,
  secret: string,
  { fetch, allowsHttp }: Pick<Deps, "fetch" | "allowsHttp">,
): ProviderClient {
  const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  const authenticate = methods.includes("client_secret_basic")
    ? openid.ClientSecretBasic(secret)
    : openid.ClientSecretPost(secret);
  const { userinfo_endpoint, authorization_response_iss_parameter_supported = false } = metadata;
  const config = new openid.Configuration(
    {
      issuer,
      token_endpoint: metadata.token_endpoint,
      ...(userinfo_endpoint !== undefined && { userinfo_endpoint }),
      authorization_response_iss_parameter_supported,
      id_token_signing_alg_values_supported: [...algorithmsOf(metadata)],
    },
    clientId,
    { [openid.clockTolerance]: CLOCK_TOLERANCE_S },
    authenticate,
  );
  config[openid.customFetch] = (url, request) => fetch(url, request);
  // The URL was checked when the provider was added, and is again by `fetch`.
  if (allowsHttp) openid.allowInsecureRequests(config);
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), {
    [customFetch]: (url: string, request: Parameters<ProviderFetch>[1]) => fetch(url, request),
    cooldownDuration: KEYS_COOLDOWN_MS,
    cacheMaxAge: KEYS_AGE_MS,
  });
  return { config, keys };
}
