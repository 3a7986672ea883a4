import { InvalidArgumentError, Option, type Command } from "commander";
import { generalPurposes, purposeReads } from "../../policies/purpose-of-use.ts";
import { purposes } from "../../crypto/wire/purposes.ts";
import { requiredByDefault } from "../../identity/accounts/require-consents.ts";
import { staffRoles, type StaffRole } from "../../policies/actor.ts";
import { IDLE_MINUTES } from "../../policies/idle-log-off.ts";
import { REVISION_MINUTES } from "../../policies/message-revisions.ts";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";
import { createTenantCommand } from "./create-tenant.ts";
import { recountStorageCommand } from "./recount-storage.ts";
import { registerLimits } from "./tenant-limits.ts";
import {
  giveKeysCommand,
  listKeysCommand,
  removeKeyCommand,
  revokeKeyCommand,
  unrevokeKeyCommand,
} from "./tenant-keys.ts";
import { removeUrlCommand, setUrlCommand } from "./tenant-keys-url.ts";
import {
  changeOriginsCommand,
  idleLogOffCommand,
  messageRevisionsCommand,
  purposeOfUseCommand,
  accountingCommand,
  requireConsentsCommand,
  listOriginsCommand,
  secondFactorCommand,
  staffGrantsCommand,
  anonymousCustomersCommand,
  suspendTenantCommand,
} from "./tenant-settings.ts";
import { purposeCodesOf, purposeReadsOf } from "./purpose-options.ts";

const KEYS_FILE = "public keys that sign its customer tokens: a JWK Set, a JWK, or one in PEM form";
const ORIGIN = "origin of web pages that may use the server, such as https://www.example.com";
const JWKS_URL = "https URL of a JWK Set with public keys that sign its customer tokens";
const KID = "key id for the key of a PEM file";

const minutesOrNever =
  ({ least, most }: { readonly least: number; readonly most: number }) =>
  (text: string): number | "never" => {
    if (text === "never") return text;
    const minutes = Number(text);
    if (!/^\d+$/.test(text) || minutes < least || minutes > most)
      throw new InvalidArgumentError(`It is a number of ${least} to ${most}, or never.`);
    return minutes;
  };

/** `sealdesk tenant`. */
export function registerTenant(program: Command, print: Print, settings: () => Settings): void {
  const tenant = program.command("tenant").description("Manage the organisations on this server");

  tenant
    .command("create")
    .description("Create a tenant; docs/customer-sign-in.md says how its customers sign in")
    .requiredOption("--slug <slug>", "short name, used at sign-in")
    .requiredOption("--name <name>", "name that people see")
    .option("--customer-keys <file>", KEYS_FILE)
    .option("--kid <kid>", KID)
    .option("--customer-jwks-url <url>", JWKS_URL)
    .option("--origin <origins...>", ORIGIN)
    .action(
      async (options: Parameters<typeof createTenantCommand>[1]) =>
        await print(await createTenantCommand(settings(), options)),
    );

  for (const [name, suspended, description] of [
    ["suspend", true, "Suspend a tenant: close its sockets and refuse its users"],
    ["resume", false, "Serve a suspended tenant again"],
  ] as const)
    tenant
      .command(name)
      .description(description)
      .requiredOption("--slug <slug>", "short name of the tenant")
      .action(
        async ({ slug }: { readonly slug: string }) =>
          await print(await suspendTenantCommand(settings(), { slug, suspended })),
      );

  tenant
    .command("staff-grants")
    .description(
      "Allow or forbid that staff show earlier messages to colleagues, with the customer's consent",
    )
    .requiredOption("--slug <slug>", "short name of the tenant")
    .addOption(
      new Option("--set <state>", "on or off; a new tenant has it off")
        .choices(["on", "off"])
        .makeOptionMandatory(),
    )
    .action(
      async ({ slug, set }: { readonly slug: string; readonly set: string }) =>
        await print(await staffGrantsCommand(settings(), { slug, allowed: set === "on" })),
    );

  tenant
    .command("anonymous-customers")
    .description("Allow or forbid that customers sign in without a customer token")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .addOption(
      new Option("--set <state>", "on or off; it is off at first")
        .choices(["on", "off"])
        .makeOptionMandatory(),
    )
    .action(
      async ({ slug, set }: { readonly slug: string; readonly set: string }) =>
        await print(await anonymousCustomersCommand(settings(), { slug, allowed: set === "on" })),
    );

  tenant
    .command("second-factor")
    .description(
      "Require a second factor of the local accounts of a role; one without it may only enrol one",
    )
    .requiredOption("--slug <slug>", "short name of the tenant")
    .addOption(
      new Option("--role <role>", "whose accounts").choices(staffRoles).makeOptionMandatory(),
    )
    .addOption(
      new Option("--set <state>", "required or optional; it is optional at first")
        .choices(["required", "optional"])
        .makeOptionMandatory(),
    )
    .action(
      async ({ slug, role, set }: { slug: string; role: StaffRole; set: string }) =>
        await print(
          await secondFactorCommand(settings(), { slug, role, isRequired: set === "required" }),
        ),
    );

  tenant
    .command("idle-log-off")
    .description("Log staff off after minutes in which no person does anything, or never")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption(
      "--minutes <number>",
      `${IDLE_MINUTES.least} to ${IDLE_MINUTES.most}, or never; it is ${IDLE_MINUTES.default} at first`,
      minutesOrNever(IDLE_MINUTES),
    )
    .action(
      async (options: Parameters<typeof idleLogOffCommand>[1]) =>
        await print(await idleLogOffCommand(settings(), options)),
    );

  tenant
    .command("message-revisions")
    .description("Set for how long after a message its author may edit or delete it")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption(
      "--minutes <number>",
      `${REVISION_MINUTES.least} to ${REVISION_MINUTES.most}, or never; it is never at first`,
      minutesOrNever(REVISION_MINUTES),
    )
    .action(
      async (options: Parameters<typeof messageRevisionsCommand>[1]) =>
        await print(await messageRevisionsCommand(settings(), options)),
    );

  tenant
    .command("purpose-of-use")
    .description("Set for which reads staff state a purpose of use, and which codes count")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption(
      "--reads <list>",
      `none, or of these, with commas: ${Object.keys(purposeReads).join(", ")}`,
      purposeReadsOf,
    )
    .option(
      "--codes <list>",
      `codes of your own, with commas, beside ${Object.keys(generalPurposes).join(", ")}`,
      purposeCodesOf,
      [],
    )
    .action(
      async (options: Parameters<typeof purposeOfUseCommand>[1]) =>
        await print(await purposeOfUseCommand(settings(), options)),
    );

  tenant
    .command("accounting")
    .description(
      "Set whether the accounting of disclosures lists treatment, payment and operations",
    )
    .requiredOption("--slug <slug>", "short name of the tenant")
    .addOption(
      new Option("--operations <state>", "listed or left-out; they are left out at first")
        .choices(["listed", "left-out"])
        .makeOptionMandatory(),
    )
    .action(
      async ({ slug, operations }: { readonly slug: string; readonly operations: string }) =>
        await print(
          await accountingCommand(settings(), { slug, operations: operations === "listed" }),
        ),
    );

  tenant
    .command("require-consents")
    .description("Set for which purposes customers must have consented")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .addOption(
      new Option(
        "--for <purpose...>",
        `which purposes, or none; they are ${requiredByDefault.join(" and ")} at first`,
      )
        .choices([...purposes, "none"])
        .makeOptionMandatory(),
    )
    .action(async (options: Parameters<typeof requireConsentsCommand>[1]) =>
      print(await requireConsentsCommand(settings(), options)),
    );

  tenant
    .command("recount-storage")
    .description("Compare the counts that quotas use with what is stored, and correct them")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .action(
      async (options: { readonly slug: string }) =>
        await print(await recountStorageCommand(settings(), options)),
    );

  registerLimits(
    tenant.command("limits").description("Manage how much of the server a tenant may use"),
    print,
    settings,
  );
  registerKeys(
    tenant.command("keys").description("Manage the public keys that sign customer tokens"),
    print,
    settings,
  );
  registerOrigins(
    tenant
      .command("origins")
      .description("Manage the web pages of other origins that may use the server for a tenant"),
    print,
    settings,
  );
}

function registerOrigins(origins: Command, print: Print, settings: () => Settings): void {
  origins
    .command("list")
    .description("List the origins of a tenant")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .action(
      async (options: { readonly slug: string }) =>
        await print(await listOriginsCommand(settings(), options)),
    );

  for (const [kind, description] of [
    ["add", "Let pages of an origin use the server; takes effect at once on every running server"],
    ["remove", "Refuse pages of an origin; takes effect at once on every running server"],
  ] as const)
    origins
      .command(kind)
      .description(description)
      .requiredOption("--slug <slug>", "short name of the tenant")
      .requiredOption("--origin <origin>", ORIGIN)
      .action(
        async (options: { readonly slug: string; readonly origin: string }) =>
          await print(await changeOriginsCommand(settings(), kind, options)),
      );
}

function registerKeys(keys: Command, print: Print, settings: () => Settings): void {
  keys
    .command("list")
    .description("List the ids and algorithms of a tenant's keys")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .action(
      async (options: { readonly slug: string }) =>
        await print(await listKeysCommand(settings(), options)),
    );

  for (const [kind, description] of [
    ["set", "Replace all keys; takes effect at once on every running server"],
    ["add", "Add keys; takes effect at once on every running server"],
  ] as const)
    keys
      .command(kind)
      .description(description)
      .requiredOption("--slug <slug>", "short name of the tenant")
      .requiredOption("--customer-keys <file>", KEYS_FILE)
      .option("--kid <kid>", KID)
      .action(
        async (options: Parameters<typeof giveKeysCommand>[2]) =>
          await print(await giveKeysCommand(settings(), kind, options)),
      );

  keys
    .command("remove")
    .description("Remove a key: tokens that it signed are refused at once on every running server")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption("--kid <kid>", "the key's id")
    .action(
      async (options: { readonly slug: string; readonly kid: string }) =>
        await print(await removeKeyCommand(settings(), options)),
    );

  keys
    .command("revoke")
    .description("Refuse a key, also of the key set at a URL; takes effect at once")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption("--kid <kid>", "the key's id")
    .action(
      async (options: { readonly slug: string; readonly kid: string }) =>
        await print(await revokeKeyCommand(settings(), options)),
    );

  keys
    .command("unrevoke")
    .description("End the revocation of a key; takes effect at once on every running server")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption("--kid <kid>", "the key's id")
    .action(
      async (options: { readonly slug: string; readonly kid: string }) =>
        await print(await unrevokeKeyCommand(settings(), options)),
    );

  keys
    .command("set-url")
    .description("Let the server fetch keys from a URL; fetches them once and lists them")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .requiredOption("--customer-jwks-url <url>", JWKS_URL)
    .action(
      async (options: Parameters<typeof setUrlCommand>[1]) =>
        await print(await setUrlCommand(settings(), options)),
    );

  keys
    .command("remove-url")
    .description("Use no keys of a URL any more; takes effect at once on every running server")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .action(
      async (options: { readonly slug: string }) =>
        await print(await removeUrlCommand(settings(), options)),
    );
}
