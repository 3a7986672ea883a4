import { z } from "zod";
import type { Client } from "../../db/pool.ts";

/** The settings of an identity provider that decide who signs in, as entries of the log have them. */
export const providerDetails = z.looseObject({
  provider: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  accounts: z.string(),
  groupsClaim: z.string(),
  redirectUris: z.array(z.string()),
  roles: z.array(z.looseObject({ group: z.string(), role: z.string() })),
  endpoints: z.array(z.string()),
});

/** Returns the settings as words that can be compared. The order of the roles counts. */
export const providerWords = (settings: z.output<typeof providerDetails>): readonly string[] =>
  [
    `issuer ${settings.issuer}`,
    `client ${settings.clientId}`,
    `accounts ${settings.accounts}`,
    `claim ${settings.groupsClaim}`,
    ...settings.redirectUris.map((uri) => `redirect ${uri}`),
    ...settings.endpoints.map((url) => `endpoint ${url}`),
    ...settings.roles.map(({ group, role }, at) => `role ${at + 1}: ${group} = ${role}`),
  ].toSorted();

const PROVIDERS = `
  select name as provider, issuer, client_id as "clientId", accounts, groups_claim as "groupsClaim",
    redirect_uris as "redirectUris", roles, array_remove(array[metadata ->> 'authorization_endpoint',
      metadata ->> 'token_endpoint', metadata ->> 'jwks_uri', metadata ->> 'userinfo_endpoint'], null)
      as endpoints
  from identity_providers`;

/** Returns the identity providers of the tenant to which the transaction is fenced, by name. */
export async function readProviderWords(
  client: Client,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ readonly provider: string }>(PROVIDERS);
  return new Map(
    rows.map((row) => {
      const { data } = providerDetails.safeParse(row);
      return [row.provider, data === undefined ? ["something unknown"] : providerWords(data)];
    }),
  );
}
