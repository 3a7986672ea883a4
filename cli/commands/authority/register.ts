import { Option, type Command } from "commander";
import { staffRoles } from "../../../policies/actor.ts";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { followCommand } from "./follow.ts";
import { authorityKeyCommand, rotateAuthorityCommand } from "./keys.ts";
import { runAuthority } from "./run.ts";
import { readAuthoritySettings } from "./authority-settings.ts";
import { addStaffCommand, listStaffCommand, removeStaffCommand } from "./staff.ts";

const SLUG = "short name of the tenant";
const TENANT = "id of the tenant";
const USER = "id of the account, as the person's device shows it";

/** `sealdesk authority`. */
export function registerAuthority(program: Command, print: Print, settings: () => Settings): void {
  const authority = program
    .command("authority")
    .description("Manage the tenant authority, which certifies staff");

  authority
    .command("key")
    .description("Print the key of a tenant's authority, for applications that pin it")
    .requiredOption("--tenant <slug>", SLUG)
    .action(async ({ tenant }: { readonly tenant: string }) =>
      print(await authorityKeyCommand(settings(), tenant)),
    );

  authority
    .command("rotate")
    .description(
      "Hand over to a new key; with AUTHORITY_URL, to the key of the authority that runs there",
    )
    .requiredOption("--tenant <slug>", SLUG)
    .action(async ({ tenant }: { readonly tenant: string }) =>
      print(await rotateAuthorityCommand(settings(), tenant)),
    );

  authority
    .command("run")
    .description("Run the authority as a process of its own until you stop it")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port to listen on", "8090")
    .action((options: Parameters<typeof runAuthority>[1]) =>
      runAuthority(readAuthoritySettings(), options, print),
    );

  authority
    .command("follow")
    .description("Let the key of an authority that is a process of its own follow the server's")
    .requiredOption("--tenant <id>", TENANT)
    .requiredOption(
      "--former-key <key>",
      "key that hands over, as sealdesk authority key prints it",
    )
    .action(async (options: Parameters<typeof followCommand>[1]) =>
      print(await followCommand(readAuthoritySettings(), options)),
    );

  const staff = authority
    .command("staff")
    .description("Manage the staff list of an authority that is a process of its own");

  staff
    .command("add")
    .description("Add an account to the list, or change its line")
    .requiredOption("--tenant <id>", TENANT)
    .requiredOption("--user <id>", USER)
    .addOption(
      new Option("--role <role>", "what the person is").choices(staffRoles).makeOptionMandatory(),
    )
    .requiredOption("--account-key <key>", "the account's key, as the person's device shows it")
    .option("--team <names...>", "teams that the person works in")
    .action(async (options: Parameters<typeof addStaffCommand>[1]) =>
      print(await addStaffCommand(readAuthoritySettings(), options)),
    );

  staff
    .command("remove")
    .description("Remove an account from the list; its last certificate ends within seven days")
    .requiredOption("--tenant <id>", TENANT)
    .requiredOption("--user <id>", USER)
    .action(async (options: Parameters<typeof removeStaffCommand>[1]) =>
      print(await removeStaffCommand(readAuthoritySettings(), options)),
    );

  staff
    .command("list")
    .description("List the accounts that the authority certifies")
    .action(async () => print(await listStaffCommand(readAuthoritySettings())));
}
