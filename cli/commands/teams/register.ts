import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { changeTeamCommand, listTeamsCommand, type Membership } from "./teams.ts";

/** `sealdesk team`. */
export function registerTeams(program: Command, print: Print, settings: () => Settings): void {
  const team = program.command("team").description("Manage the teams that staff work in");
  const ofMember = (name: string, description: string): Command =>
    team
      .command(name)
      .description(description)
      .requiredOption("--tenant <slug>", "short name of the tenant")
      .requiredOption("--team <name>", "name of the team")
      .requiredOption("--username <name>", "name that the user signs in with");

  team
    .command("list")
    .description("List who is in which team, and by which identity provider")
    .requiredOption("--tenant <slug>", "short name of the tenant")
    .action(async ({ tenant }: { readonly tenant: string }) =>
      print(await listTeamsCommand(settings(), tenant)),
    );
  ofMember("add", "Put an account of staff into a team").action(async (options: Membership) =>
    print(await changeTeamCommand(settings(), options, true)),
  );
  ofMember("remove", "Take an account of staff out of a team").action(async (options: Membership) =>
    print(await changeTeamCommand(settings(), options, false)),
  );
}
