#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import type { StaffRole } from "../keys/accounts/staff.ts";
import { resetReasons } from "../keys/directory/reset-account.ts";
import { serverKeyNames } from "../keys/server-keys/server-key.ts";
import { registerAudit } from "./commands/audit/register.ts";
import { createUserCommand, staffRoles } from "./commands/create-user.ts";
import { keysStatusCommand, rewrapKeysCommand, rotateKeyCommand } from "./commands/keys.ts";
import { migrateDatabase } from "./commands/migrate.ts";
import { rewrapCommand, rotateKekCommand } from "./commands/rotate-kek.ts";
import { resetUserCommand } from "./commands/reset-user.ts";
import { registerCustomerToken } from "./commands/register-customer-token.ts";
import { registerTenant } from "./commands/register-tenant.ts";
import { start } from "./commands/start.ts";
import { readSettings } from "./settings.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const program = new Command("sealdesk")
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

registerTenant(program, print);

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

registerCustomerToken(program, print);
registerAudit(program, print);

program.parseAsync().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : "The command failed.";
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
