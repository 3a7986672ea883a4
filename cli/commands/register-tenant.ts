import { Option, type Command } from "commander";
import { readSettings } from "../settings.ts";
import { createTenantCommand } from "./create-tenant.ts";
import { staffGrantsCommand } from "./staff-grants.ts";
import { suspendTenantCommand } from "./suspend-tenant.ts";
import { giveKeysCommand, listKeysCommand, removeKeyCommand } from "./tenant-keys.ts";

type Print = (text: string) => void;

const KEYS_FILE = "public keys that sign its customer tokens: a JWK Set, a JWK, or one in PEM form";
const KID = "names the key of a PEM file";

/** `sealdesk tenant`. */
export function registerTenant(program: Command, print: Print): void {
  const tenant = program.command("tenant").description("organisations on this server");

  tenant
    .command("create")
    .description("docs/customer-sign-in.md says how its customers sign in")
    .requiredOption("--slug <slug>", "short name, as in sign-in")
    .requiredOption("--name <name>", "name for people")
    .option("--customer-keys <file>", KEYS_FILE)
    .option("--kid <kid>", KID)
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

  registerKeys(tenant.command("keys").description("public keys that sign customer tokens"), print);
}

function registerKeys(keys: Command, print: Print): void {
  keys
    .command("list")
    .requiredOption("--slug <slug>", "the tenant")
    .action(async (options: { readonly slug: string }) =>
      print(await listKeysCommand(readSettings(), options)),
    );

  for (const [kind, description] of [
    ["set", "replace all keys, at once on every running server"],
    ["add", "add keys, at once on every running server"],
  ] as const)
    keys
      .command(kind)
      .description(description)
      .requiredOption("--slug <slug>", "the tenant")
      .requiredOption("--customer-keys <file>", KEYS_FILE)
      .option("--kid <kid>", KID)
      .action(async (options: Parameters<typeof giveKeysCommand>[2]) =>
        print(await giveKeysCommand(readSettings(), kind, options)),
      );

  keys
    .command("remove")
    .description("refuse what one key signed, at once on every running server")
    .requiredOption("--slug <slug>", "the tenant")
    .requiredOption("--kid <kid>", "the name of the key")
    .action(async (options: { readonly slug: string; readonly kid: string }) =>
      print(await removeKeyCommand(readSettings(), options)),
    );
}
