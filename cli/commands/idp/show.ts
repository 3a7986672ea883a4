import { inTransaction } from "../../../db/transaction.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import {
  findProvider,
  listProviders,
  type IdentityProvider,
} from "../../../identity/providers/identity-provider.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

/** Returns one line for each provider of a tenant. */
export async function listProvidersCommand(settings: Settings, slug: string): Promise<string> {
  const providers = await withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
    return inTransaction(pool, tenant.id, listProviders);
  });
  if (providers.length === 0) return "There is none.";
  return providers
    .map(({ name, issuer, accounts }) => `${name}  ${issuer}  ${accounts}`)
    .join("\n");
}

/** Returns the settings of a provider. The client secret is never shown. */
export async function showProviderCommand(
  settings: Settings,
  slug: string,
  name: string,
): Promise<string> {
  const provider = await withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
    return inTransaction(pool, tenant.id, (client) => findProvider(client, name));
  });
  if (provider === undefined)
    throw new CommandError(`The tenant has no identity provider ${JSON.stringify(name)}.`);
  return [
    ...linesOf(provider),
    ["back-channel logout", backchannelLogoutUri(settings.publicUrl, slug, name)],
  ]
    .map(([label = "", value = ""]) => `${label.padEnd(20)}${value}`)
    .join("\n");
}

const linesOf = (provider: IdentityProvider): (readonly [string, string])[] => [
  ["issuer", provider.issuer],
  ["client id", provider.clientId],
  ["scope", provider.scope],
  ["groups claim", provider.groupsClaim],
  ["subject claim", provider.subjectClaim],
  ["accounts", provider.accounts],
  ...provider.roles.map(({ group, role }): [string, string] => ["role", `${group} = ${role}`]),
  ...provider.redirectUris.map((uri): [string, string] => ["redirect URI", uri]),
];

/** The URI to register with the provider for OpenID Connect Back-Channel Logout 1.0. */
export const backchannelLogoutUri = (publicUrl: string, slug: string, name: string): string =>
  `${publicUrl}/v1/tenants/${slug}/identity-providers/${name}/backchannel-logout`;
