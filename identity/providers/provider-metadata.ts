import { z } from "zod";

/** The algorithms with which a provider may sign: RFC 7518 and RFC 8037. No `none`, and no HMAC. */
export const providerAlgorithms = ["RS256", "PS256", "ES256", "EdDSA"] as const;

/** What Sealdesk uses of a provider's metadata (OpenID Connect Discovery 1.0 section 3). */
export const providerMetadata = z.object({
  authorization_endpoint: z.url().max(2048),
  token_endpoint: z.url().max(2048),
  jwks_uri: z.url().max(2048),
  userinfo_endpoint: z.url().max(2048).optional(),
  end_session_endpoint: z.url().max(2048).optional(),
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
