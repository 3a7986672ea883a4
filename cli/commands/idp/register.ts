import { Option, type Command } from "commander";
import { providerDefaults } from "../../../identity/providers/new-provider.ts";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { addProviderCommand, type AddProviderOptions } from "./add.ts";
import { linkIdentityCommand, type LinkIdentityOptions } from "./link.ts";
import { removeProviderCommand } from "./remove.ts";
import { mapTeamsCommand } from "./teams.ts";
import { listProvidersCommand, showProviderCommand } from "./show.ts";
import { testProviderCommand } from "./test.ts";

interface Named {
  readonly tenant: string;
  readonly name: string;
}

const TENANT = ["--tenant <slug>", "short name of the tenant"] as const;
const NAME = ["--name <name>", "short name of the provider"] as const;
const collected = (value: string, before: readonly string[]) => [...before, value];

/** `sealdesk idp`. */
export function registerIdp(program: Command, print: Print, settings: () => Settings): void {
  const idp = program
    .command("idp")
    .description("Manage the OpenID providers with which a tenant's staff sign in");

  idp
    .command("add")
    .description("Add a provider; reads its client secret from standard input or a file")
    .requiredOption(...TENANT)
    .requiredOption(...NAME)
    .requiredOption("--issuer <url>", "issuer, as the provider writes it")
    .requiredOption("--client-id <id>", "client id that the provider gave Sealdesk")
    .option("--secret-file <file>", "file with the client secret; standard input by default")
    .requiredOption(
      "--redirect-uri <uri>",
      "where the provider sends people back; repeat it for more",
      collected,
      [],
    )
    .option("--scope <scopes>", "what is asked for", providerDefaults.scope)
    .option("--groups-claim <name>", "claim with a person's groups", providerDefaults.groupsClaim)
    .option(
      "--role <group=role>",
      "role of a group's members; repeat it, the first match decides",
      collected,
      [],
    )
    .option("--team <group=team>", "team of a group's members; repeat it for more", collected, [])
    .addOption(
      new Option("--accounts <how>", "who makes accounts: a first sign-in, you, or SCIM")
        .choices(["jit", "existing", "scim-only"])
        .default(providerDefaults.accounts),
    )
    .addOption(
      new Option(
        "--subject-claim <name>",
        "claim that identifies a person; oid for Entra with SCIM",
      )
        .choices(["sub", "oid"])
        .default(providerDefaults.subjectClaim),
    )
    .action(async (options: AddProviderOptions) =>
      print(await addProviderCommand(settings(), options)),
    );

  idp
    .command("list")
    .description("List the providers of a tenant")
    .requiredOption(...TENANT)
    .action(async ({ tenant }: { readonly tenant: string }) =>
      print(await listProvidersCommand(settings(), tenant)),
    );

  idp
    .command("show")
    .description("Show the settings of a provider, and the URIs to register there")
    .requiredOption(...TENANT)
    .requiredOption(...NAME)
    .action(async ({ tenant, name }: Named) =>
      print(await showProviderCommand(settings(), tenant, name)),
    );

  idp
    .command("test")
    .description("Compare the settings with the real provider, and say what is wrong")
    .requiredOption(...TENANT)
    .requiredOption(...NAME)
    .action(async ({ tenant, name }: Named) => {
      const { report, isRight } = await testProviderCommand(settings(), tenant, name);
      await print(report);
      if (!isRight) process.exitCode = 1;
    });

  idp
    .command("remove")
    .description("Remove a provider, and end the sessions that were opened with it")
    .requiredOption(...TENANT)
    .requiredOption(...NAME)
    .action(async ({ tenant, name }: Named) =>
      print(await removeProviderCommand(settings(), tenant, name)),
    );

  idp
    .command("teams")
    .description("Map groups of a provider to teams, instead of those that were mapped before")
    .requiredOption(...TENANT)
    .requiredOption(...NAME)
    .option("--team <group=team>", "team of a group's members; repeat it for more", collected, [])
    .action(async (options: Parameters<typeof mapTeamsCommand>[1]) =>
      print(await mapTeamsCommand(settings(), options)),
    );

  idp
    .command("link")
    .description("Let a person of a provider sign in to an account that exists")
    .requiredOption(...TENANT)
    .requiredOption(...NAME)
    .requiredOption("--username <name>", "name of the account")
    .requiredOption("--subject <sub>", "the person's `sub` at the provider")
    .action(async (options: LinkIdentityOptions) =>
      print(await linkIdentityCommand(settings(), options)),
    );
}
