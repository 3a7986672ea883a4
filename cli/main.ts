#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import type { StaffRole } from "../keys/accounts/staff.ts";
import { resetReasons } from "../keys/directory/reset-account.ts";
import { serverKeyNames } from "../keys/server-keys/server-key.ts";
import { registerAudit } from "./commands/audit/register.ts";
import { createTenantCommand } from "./commands/create-tenant.ts";
import { createUserCommand, staffRoles } from "./commands/create-user.ts";
import { customerTokenCommand } from "./commands/customer-token.ts";
import { keysStatusCommand, rewrapKeysCommand, rotateKeyCommand } from "./commands/keys.ts";
import { migrateDatabase } from "./commands/migrate.ts";
import { rewrapCommand, rotateKekCommand } from "./commands/rotate-kek.ts";
import { resetUserCommand } from "./commands/reset-user.ts";
import { start } from "./commands/start.ts";
import { staffGrantsCommand } from "./commands/staff-grants.ts";
import { suspendTenantCommand } from "./commands/suspend-tenant.ts";
import { Interrupted } from "./interruption.ts";
import { checkOutput, OutputClosed, print, watchOutput } from "./output.ts";
import { readSettings } from "./settings.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };

watchOutput();

const program = new Command("sealdesk")
  // Not before what it printed is known to be written. Subcommands inherit it.
  .exitOverride()
  .description("End-to-end encrypted support messaging")
  .version(version);

program
  .command("start")
  .description("run the server until it is stopped")
  .action(async () => {
    process.exitCode = await start();
  });

program
  .command("migrate")
  .description("bring the database schema up to date")
  .action(async () => print(await migrateDatabase(readSettings())));

const tenant = program.command("tenant").description("organisations on this server");

tenant
  .command("create")
  .requiredOption("--slug <slug>", "short name, as in sign-in")
  .requiredOption("--name <name>", "name for people")
  .option("--customer-keys <file>", "JWK Set whose keys sign the tenant's customer tokens")
  .action(async (options: Parameters<typeof createTenantCommand>[1]) =>
    print(await createTenantCommand(readSettings(), options)),
  );

for (const [name, suspended, description] of [
  ["suspend", true, "close its sockets and refuse its people"],
  ["resume", false, "serve its people again"],
] as const)
  tenant
    .command(name)
    .description(description)
    .requiredOption("--slug <slug>", "the tenant")
    .action(async ({ slug }: { readonly slug: string }) =>
      print(await suspendTenantCommand(readSettings(), { slug, suspended })),
    );

tenant
  .command("staff-grants")
  .description("whether staff show the past to colleagues, with the customer's consent")
  .requiredOption("--slug <slug>", "the tenant")
  .addOption(
    new Option("--set <state>", "off by default").choices(["on", "off"]).makeOptionMandatory(),
  )
  .action(async ({ slug, set }: { readonly slug: string; readonly set: string }) =>
    print(await staffGrantsCommand(readSettings(), { slug, allowed: set === "on" })),
  );

const user = program.command("user").description("staff accounts");

user
  .command("create")
  .description("the password is asked for, or read from standard input")
  .requiredOption("--tenant <slug>", "the tenant")
  .requiredOption("--username <name>", "what the user signs in as")
  .addOption(
    new Option("--role <role>", "what the user may do").choices(staffRoles).makeOptionMandatory(),
  )
  .option("--display-name <name>", "what others see")
  .action(async (options: Parameters<typeof createUserCommand>[1] & { role: StaffRole }) =>
    print(await createUserCommand(readSettings(), options)),
  );

user
  .command("reset")
  .description("remove every device; the account begins anew with another key")
  .requiredOption("--tenant <slug>", "the tenant")
  .requiredOption("--username <name>", "what the user signs in as")
  .addOption(
    new Option("--reason <reason>", "for the audit log")
      .choices(resetReasons)
      .makeOptionMandatory(),
  )
  .action(async (options: Parameters<typeof resetUserCommand>[1]) =>
    print(await resetUserCommand(readSettings(), options)),
  );

const keys = program
  .command("keys")
  .description("the server's own keys, and those of data at rest");

for (const [name, command, description] of [
  ["rotate-kek", rotateKekCommand, "new version of the tenant's key-encryption key; re-wraps"],
  ["rewrap-subjects", rewrapCommand, "go on with a re-wrapping that was cut off"],
] as const)
  keys
    .command(name)
    .description(description)
    .requiredOption("--tenant <slug>", "the tenant")
    .action(async (options: { readonly tenant: string }) =>
      print(await command(readSettings(), options.tenant)),
    );

keys
  .command("status")
  .description("which versions there are, and what they serve for")
  .action(async () => print(await keysStatusCommand(readSettings())));

keys
  .command("rotate")
  .description("make a new version; what the one before made stays good for its time")
  .addOption(new Option("--name <name>", "which key").choices(serverKeyNames).makeOptionMandatory())
  .option("--at-once", "the tokens' key has leaked: refuse what it signed from now on")
  .action(async (options: Parameters<typeof rotateKeyCommand>[1]) =>
    print(await rotateKeyCommand(readSettings(), options)),
  );

keys
  .command("rewrap")
  .description("rotate the key service's key that wraps them, and wrap them again")
  .action(async () => print(await rewrapKeysCommand(readSettings())));

program
  .command("customer-token")
  .description("sign a customer in, in development")
  .requiredOption("--tenant <slug>", "the tenant")
  .requiredOption("--subject <subject>", "who the customer is to the tenant")
  .option("--audience <url>", "the server's public URL, when not as configured here")
  .action(async (options: Parameters<typeof customerTokenCommand>[1]) =>
    print(await customerTokenCommand(readSettings(), options)),
  );

registerAudit(program, print);

/** What a shell shows for a program that SIGPIPE ended. */
const ENDED_BY_READER = 141;

program
  .parseAsync()
  .catch((error: unknown) => {
    // Commander has printed its own errors, and help that was asked for is none.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  })
  .then(checkOutput)
  .catch((error: unknown) => {
    if (error instanceof OutputClosed) process.exit(ENDED_BY_READER);
    if (error instanceof Interrupted) process.exit(error.exitCode);
    const message = error instanceof Error ? error.message : "The command failed.";
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  });
