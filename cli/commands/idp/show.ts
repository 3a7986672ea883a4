import { inTransaction } from "../../../db/transaction.ts";
import {
  administeredProvider,
  type AdministeredProvider,
} from "../../../identity/providers/administered-provider.ts";
import { findProvider, listProviders } from "../../../identity/providers/identity-provider.ts";
import { noSuchProvider } from "../../../identity/providers/invalid-provider.ts";
import { namedTenant } from "../../named-tenant.ts";
import type { Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

/** Returns one line for each provider of a tenant. */
export async function listProvidersCommand(settings: Settings, slug: string): Promise<string> {
  const providers = await withDatabase(settings, async ({ pool }) => {
    const tenant = await namedTenant(pool, slug);
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
    const tenant = await namedTenant(pool, slug);
    return inTransaction(pool, tenant.id, (client) => findProvider(client, name));
  });
  if (provider === undefined) throw noSuchProvider(name);
  return linesOf(administeredProvider({ ...settings, slug }, provider))
    .map(([label, value]) => `${label.padEnd(20)}${value}`)
    .join("\n");
}

const linesOf = (provider: AdministeredProvider): readonly (readonly [string, string])[] => [
  ["issuer", provider.issuer],
  ["client id", provider.clientId],
  ["scope", provider.scope],
  ["groups claim", provider.groupsClaim],
  ["subject claim", provider.subjectClaim],
  ["accounts", provider.accounts],
  ...provider.roles.map(({ group, role }): [string, string] => ["role", `${group} = ${role}`]),
  ...provider.teams.map(({ group, team }): [string, string] => ["team", `${group} = ${team}`]),
  ...provider.redirectUris.map((uri): [string, string] => ["redirect URI", uri]),
  ["back-channel logout", provider.backchannelLogoutUri],
];
