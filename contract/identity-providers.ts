import * as z from "zod/mini";
import { isSecureUrl } from "../crypto/wire/secure-url.ts";
import { documentation } from "./documentation.ts";

/** A short name, of a tenant or of an identity provider. */
const shortName = (description: string) =>
  z
    .string()
    .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
    .register(documentation, { description });

export const tenantParams = z.strictObject({ tenant: shortName("The tenant's slug") });

export const providerName = shortName("The provider's name");

export const providerParams = z.strictObject({
  tenant: shortName("The tenant's slug"),
  provider: providerName,
});

/** A page of this URL is opened in a browser, so no other scheme is accepted, such as `javascript:`. */
const providerUrl = z
  .string()
  .check(
    z.maxLength(2048),
    z.refine((url) => isSecureUrl(url, true)),
  )
  .register(documentation, {
    description: "An https URL without credentials, or http to this machine",
  });

/** What a device needs to send a person to a provider. */
const identityProvider = z.object({
  name: z.string(),
  issuer: providerUrl,
  clientId: z.string(),
  authorizationEndpoint: providerUrl,
  /** Whether its answers always have `iss` (RFC 9207). */
  answersWithIssuer: z.boolean(),
  scope: z.string(),
  /** Where the person signs out (OpenID Connect RP-Initiated Logout 1.0). */
  endSessionEndpoint: z.nullable(providerUrl),
});

export const identityProviders = z
  .object({ providers: z.array(identityProvider) })
  .register(documentation, { id: "IdentityProviders" });
