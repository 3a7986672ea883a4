#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import type { StaffRole } from "../identity/accounts/staff.ts";
import { resetReasons } from "../policies/reset-reasons.ts";
import { serverKeyNames } from "../keys/server-keys/server-key.ts";
import { registerAudit } from "./commands/audit/register.ts";
import { staffRoles } from "../policies/actor.ts";
import { registerAuthority } from "./commands/authority/register.ts";
import { createUserCommand } from "./commands/create-user.ts";
import { keysStatusCommand, rewrapKeysCommand, rotateKeyCommand } from "./commands/keys.ts";
import { migrateDatabase } from "./commands/migrate.ts";
import { rewrapCommand, rotateKekCommand } from "./commands/rotate-kek.ts";
import { setRoleCommand } from "./commands/set-role.ts";
import { resetUserCommand } from "./commands/reset-user.ts";
import { registerPolicy } from "./commands/register-policy.ts";
import { registerCustomerToken } from "./commands/register-customer-token.ts";
import { registerTenant } from "./commands/register-tenant.ts";
import { registerSetup } from "./commands/setup/register-setup.ts";
import { start } from "./commands/start.ts";
import { Interrupted } from "./interruption.ts";
import { assertOutputWritten, OutputClosed, print, watchOutput } from "./output.ts";
import { loginName, operatorOf } from "./operator.ts";
import { commandOf } from "./running-command.ts";
import { readSettings } from "./settings.ts";

const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };

watchOutput();

const program = new Command("sealdesk")
  // Exit only after the output is written. Subcommands inherit this.
  .exitOverride()
  .description("Runs and manages a Sealdesk server")
  .version(version)
  .option("--as <name>", "who you are, for the audit log; your login name by default")
  .option("--ticket <id>", "the change or ticket that the command belongs to, for the audit log")
  .option("--because <text>", "why you do it, for the audit log: one line");

let running = program;
program.hook("preAction", (_program, command) => void (running = command));

const settings = () =>
  readSettings(undefined, operatorOf(program.opts(), loginName()), commandOf(running));

program
  .command("start")
  .description("Run the server until you stop it")
  .action(async () => {
    process.exitCode = await start();
  });

program
  .command("migrate")
  .description("Update the database schema")
  .action(async () => print(await migrateDatabase(settings())));

registerSetup(program, print, () => operatorOf(program.opts(), loginName()));
registerTenant(program, print, settings);
registerPolicy(program, print);

const user = program.command("user").description("Manage staff accounts");

user
  .command("create")
  .description("Create a staff account; asks for the password, or reads it from standard input")
  .requiredOption("--tenant <slug>", "short name of the tenant")
  .requiredOption("--username <name>", "name that the user signs in with")
  .addOption(
    new Option("--role <role>", "what the user may do").choices(staffRoles).makeOptionMandatory(),
  )
  .option("--display-name <name>", "name that others see; the user name by default")
  .action(async (options: Parameters<typeof createUserCommand>[1] & { role: StaffRole }) =>
    print(await createUserCommand(settings(), options)),
  );

user
  .command("reset")
  .description("Remove every device of an account; its next device makes a new account key")
  .requiredOption("--tenant <slug>", "short name of the tenant")
  .requiredOption("--username <name>", "name that the user signs in with")
  .addOption(
    new Option("--reason <reason>", "reason, for the audit log")
      .choices(resetReasons)
      .makeOptionMandatory(),
  )
  .action(async (options: Parameters<typeof resetUserCommand>[1]) =>
    print(await resetUserCommand(settings(), options)),
  );

user
  .command("set-role")
  .description("Give a staff account another role")
  .requiredOption("--tenant <slug>", "short name of the tenant")
  .requiredOption("--username <name>", "name that the user signs in with")
  .addOption(
    new Option("--role <role>", "what the user may do").choices(staffRoles).makeOptionMandatory(),
  )
  .action(async (options: Parameters<typeof setRoleCommand>[1]) =>
    print(await setRoleCommand(settings(), options)),
  );

const keys = program
  .command("keys")
  .description("Manage the server's own keys and the keys of stored data");

for (const [name, command, description] of [
  [
    "rotate-kek",
    rotateKekCommand,
    "Make a new version of a tenant's key-encryption key, and wrap its keys again",
  ],
  ["rewrap-subjects", rewrapCommand, "Continue a rewrapping that was interrupted"],
] as const)
  keys
    .command(name)
    .description(description)
    .requiredOption("--tenant <slug>", "short name of the tenant")
    .action(async (options: { readonly tenant: string }) =>
      print(await command(settings(), options.tenant)),
    );

keys
  .command("status")
  .description("List the versions of the server's own keys and their state")
  .action(async () => print(await keysStatusCommand(settings())));

keys
  .command("rotate")
  .description(
    "Make a new version of a key; what the old one signed or tagged stays valid for its time",
  )
  .addOption(new Option("--name <name>", "which key").choices(serverKeyNames).makeOptionMandatory())
  .option("--at-once", "the key `tokens` has leaked: refuse everything that it signed, from now on")
  .action(async (options: Parameters<typeof rotateKeyCommand>[1]) =>
    print(await rotateKeyCommand(settings(), options)),
  );

keys
  .command("rewrap")
  .description("Rotate the key that wraps the server's own keys, and wrap them again")
  .action(async () => print(await rewrapKeysCommand(settings())));

registerCustomerToken(program, print, settings);
registerAudit(program, print, settings);
registerAuthority(program, print, settings);

/** The exit code that a shell reports for a program that SIGPIPE ended. */
const ENDED_BY_READER = 141;

program
  .parseAsync()
  .catch((error: unknown) => {
    // Commander has already printed its own errors. Requested help is not an error.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  })
  .then(assertOutputWritten)
  .catch((error: unknown) => {
    if (error instanceof OutputClosed) process.exit(ENDED_BY_READER);
    if (error instanceof Interrupted) process.exit(error.exitCode);
    const message = error instanceof Error ? error.message : "The command failed.";
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  });
