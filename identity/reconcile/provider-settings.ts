import { z } from "zod";
import type { Client } from "../../db/pool.ts";
import { endpointNames } from "../providers/provider-metadata.ts";
import type { StoredRow } from "./row-places.ts";

/** The teams of a provider's groups, as entries of the log have them. */
const mappedTeams = z.array(z.looseObject({ group: z.string(), team: z.string() }));
export const teamDetails = z.looseObject({ provider: z.string(), teams: mappedTeams });

/** The settings of an identity provider that decide who signs in, as entries of the log have them. */
export const providerDetails = z.looseObject({
  provider: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  accounts: z.string(),
  scope: z.string(),
  groupsClaim: z.string(),
  // Entries from before there was a choice do not say it.
  subjectClaim: z.string().default("sub"),
  redirectUris: z.array(z.string()),
  roles: z.array(z.looseObject({ group: z.string(), role: z.string() })),
  teams: mappedTeams.default([]),
  endpoints: z.array(z.looseObject({ name: z.string(), url: z.string() })),
  answersWithIssuer: z.boolean(),
});

const TEAM = "team of ";
const teamWords = (teams: z.output<typeof mappedTeams>): readonly string[] =>
  teams.map(({ group, team }) => `${TEAM}${group} = ${team}`);

/** Returns the words of a provider whose groups have other teams now. */
export const withTeams = (
  words: readonly string[],
  teams: z.output<typeof mappedTeams>,
): readonly string[] =>
  [...words.filter((word) => !word.startsWith(TEAM)), ...teamWords(teams)].toSorted();

/** Returns the settings as words that can be compared. The order of the roles counts. */
export const providerWords = (settings: z.output<typeof providerDetails>): readonly string[] =>
  [
    `issuer ${settings.issuer}`,
    `client ${settings.clientId}`,
    `accounts ${settings.accounts}`,
    `scope ${settings.scope}`,
    `claim ${settings.groupsClaim}`,
    `subject ${settings.subjectClaim}`,
    `answers with issuer: ${settings.answersWithIssuer}`,
    ...settings.redirectUris.map((uri) => `redirect ${uri}`),
    ...settings.endpoints.map(({ name, url }) => `${name} ${url}`),
    ...teamWords(settings.teams),
    ...settings.roles.map(({ group, role }, at) => `role ${at + 1}: ${group} = ${role}`),
  ].toSorted();

const PROVIDERS = `
  select name as provider, issuer, client_id as "clientId", accounts, scope, groups_claim as "groupsClaim",
    subject_claim as "subjectClaim",
    redirect_uris as "redirectUris", roles, teams, created_at_ms as "createdAtMs",
    array(select jsonb_build_object('name', field, 'url', metadata -> field)
      from unnest($1::text[]) as field where metadata ? field) as endpoints,
    coalesce(metadata -> 'authorization_response_iss_parameter_supported', 'false') as "answersWithIssuer"
  from identity_providers`;

/** Returns the identity providers of the tenant to which the transaction is fenced, by name. */
export async function readProviders(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const { rows } = await client.query<{ readonly provider: string; readonly createdAtMs: number }>(
    PROVIDERS,
    [endpointNames],
  );
  return new Map(
    rows.map((row) => {
      const { data } = providerDetails.safeParse(row);
      const words = data === undefined ? ["something unknown"] : providerWords(data);
      return [row.provider, { words, createdAtMs: row.createdAtMs }];
    }),
  );
}
