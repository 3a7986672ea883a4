import { z } from "zod";
import { isSecureUrl } from "../../crypto/wire/secure-url.ts";

/** The algorithms with which a provider may sign: RFC 7518 and RFC 8037. No `none`, and no HMAC. */
export const providerAlgorithms = ["RS256", "PS256", "ES256", "EdDSA"] as const;

/** A device opens some of the endpoints in a browser, so no other scheme may be among them. */
const endpoint = z
  .string()
  .max(2048)
  .refine((url) => isSecureUrl(url, true));

/** The endpoints in the metadata. The audit log has them, and they are compared with it. */
export const endpointNames = [
  "authorization_endpoint",
  "token_endpoint",
  "jwks_uri",
  "userinfo_endpoint",
  "end_session_endpoint",
] as const;

/** What Sealdesk uses of a provider's metadata (OpenID Connect Discovery 1.0 section 3). */
export const providerMetadata = z.object({
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  userinfo_endpoint: endpoint.optional(),
  end_session_endpoint: endpoint.optional(),
  id_token_signing_alg_values_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  code_challenge_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  backchannel_logout_supported: z.boolean().optional(),
});

export type ProviderMetadata = z.output<typeof providerMetadata>;

/** Returns the algorithms that the provider offers and Sealdesk accepts. */
export const algorithmsOf = (metadata: ProviderMetadata): readonly string[] =>
  providerAlgorithms.filter((each) =>
    metadata.id_token_signing_alg_values_supported.includes(each),
  );
