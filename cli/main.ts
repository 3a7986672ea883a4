#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { registerApiKeys } from "./commands/api-keys.ts";
import { registerAudit } from "./commands/audit/register.ts";
import { registerAuthority } from "./commands/authority/register.ts";
import { registerCustomerToken } from "./commands/customer-token.ts";
import { registerIdp } from "./commands/idp/register.ts";
import { registerKeys } from "./commands/keys.ts";
import { registerErasure } from "./commands/erasure/register-erasure.ts";
import { registerLedger } from "./commands/ledger/register-ledger.ts";
import { migrateDatabase } from "./commands/migrate.ts";
import { registerVerify } from "./commands/certificate/register-verify.ts";
import { registerAlerts } from "./commands/alerts/register-alerts.ts";
import { registerApprovals } from "./commands/approvals/register-approvals.ts";
import { registerRequests } from "./commands/requests/register-requests.ts";
import { registerPolicy } from "./commands/policy/register-policy.ts";
import { registerTenant } from "./commands/register-tenant.ts";
import { registerHolds } from "./commands/holds/register-holds.ts";
import { registerRetention } from "./commands/retention/register-retention.ts";
import { registerSetup } from "./commands/setup/register-setup.ts";
import { start, type StartOptions } from "./commands/start.ts";
import { registerUser } from "./commands/user.ts";
import { Interrupted } from "./interruption.ts";
import { loginName, operatorOf } from "./operator.ts";
import { assertOutputWritten, OutputClosed, print, watchOutput } from "./output.ts";
import { readSettings, type RunningCommand } from "./settings.ts";

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
  .option("--because <text>", "why you do it, for the audit log: one line")
  .option("--purpose <code>", "what you read data for: a purpose of use, such as HOPERAT");

let running = program;
program.hook("preAction", (_program, command) => void (running = command));

const settings = () =>
  readSettings(undefined, operatorOf(program.opts(), loginName()), commandOf(running));

/** Returns the command by the words that call it, and the tenant that its options name. */
function commandOf(command: Command): RunningCommand {
  const { tenant, slug } = command.opts<{ readonly tenant?: string; readonly slug?: string }>();
  return { name: wordsOf(command).join(" "), tenant: tenant ?? slug };
}

const wordsOf = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...wordsOf(command.parent), command.name()];

program
  .command("start")
  .description("Run the server until you stop it")
  .addOption(
    new Option(
      "--with-idp [port]",
      "run an OpenID provider beside it, to try staff sign-in; for development",
    ).preset("8090"),
  )
  .action(async (options: StartOptions) => {
    process.exitCode = await start(settings, options, print);
  });

program
  .command("migrate")
  .description("Update the database schema")
  .action(async () => print(await migrateDatabase(settings())));

registerSetup(program, print, () => operatorOf(program.opts(), loginName()));
registerTenant(program, print, settings);
registerApiKeys(program, print, settings);
registerIdp(program, print, settings);
registerPolicy(program, print, settings);
registerApprovals(program, print, settings);
registerHolds(program, print, settings);
registerRetention(program, print, settings);
registerAlerts(program, print, settings);
registerRequests(program, print, settings);
registerUser(program, print, settings);
registerKeys(program, print, settings);
registerCustomerToken(program, print, settings);
registerAudit(program, print, settings);
registerAuthority(program, print, settings);
registerVerify(program, print);
registerLedger(program, print, settings);
registerErasure(program, print, settings);

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
