import { mapTeams } from "../../../identity/providers/map-teams.ts";
import type { Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";
import { groupTeam } from "./add.ts";

/** Maps groups of a provider to teams, instead of those that were mapped before. */
export async function mapTeamsCommand(
  settings: Settings,
  {
    tenant: slug,
    name,
    team,
  }: { readonly tenant: string; readonly name: string; readonly team: readonly string[] },
): Promise<string> {
  const teams = team.map(groupTeam);
  await withDatabase(settings, ({ ownerUrl }) =>
    mapTeams(ownerUrl, { slug, name, teams, nowMs: Date.now(), by: settings.operator }),
  );
  if (teams.length === 0) return `No group of ${name} has a team now.`;
  return [
    `Groups of ${name} with a team:`,
    ...teams.map(({ group, team: each }) => `${group} = ${each}`),
  ].join("\n");
}
