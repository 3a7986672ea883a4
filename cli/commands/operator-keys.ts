import type { Command } from "commander";
import {
  addOperatorKey,
  listOperatorKeys,
  removeOperatorKey,
  rotateOperatorKey,
} from "../../identity/operator-keys/operator-keys.ts";
import { tenantActions } from "../../policies/operator-keys.ts";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";
import { DAYS, KEY_ID, keyLines } from "./api-keys.ts";

/** `sealdesk operator-key ...` */
export function registerOperatorKeys(
  program: Command,
  print: Print,
  settings: () => Settings,
): void {
  const keys = program
    .command("operator-key")
    .description(
      "Manage the keys with which programs of the operator administer tenants over HTTP",
    );
  keys
    .command("add")
    .description("Print a new key; docs/administration-api.md says what it is for")
    .requiredOption("--name <name>", "name of the program that has the key")
    .requiredOption(
      "--scope <scopes...>",
      `what the key may do to every tenant, of: ${tenantActions.join(", ")}`,
    )
    .option("--days <number>", DAYS, "90")
    .action(async (options: Parameters<typeof addCommand>[1]) =>
      print(await addCommand(settings(), options)),
    );
  keys
    .command("rotate")
    .description("Print a new key with the same name and scopes; the former one ends later")
    .requiredOption("--id <id>", KEY_ID)
    .option("--days <number>", DAYS, "90")
    .option("--overlap <hours>", "hours after which the former key ends, at most 720", "24")
    .action(async (options: Parameters<typeof rotateCommand>[1]) =>
      print(await rotateCommand(settings(), options)),
    );
  keys
    .command("remove")
    .description("End a key at once")
    .requiredOption("--id <id>", KEY_ID)
    .action(async (options: { readonly id: string }) =>
      print(await removeCommand(settings(), options.id)),
    );
  keys
    .command("list")
    .description("List the keys, what they may do, and when they end and were last used")
    .action(async () =>
      print(
        await withDatabase(settings(), async ({ pool }) => keyLines(await listOperatorKeys(pool))),
      ),
    );
}

async function addCommand(
  settings: Settings,
  options: { readonly name: string; readonly scope: readonly string[]; readonly days: string },
): Promise<string> {
  const { name, scope: scopes, days } = options;
  const change = { name, scopes, days: Number(days), nowMs: Date.now(), by: settings.operator };
  const token = await withDatabase(settings, ({ ownerUrl }) => addOperatorKey(ownerUrl, change));
  return token.reveal();
}

async function rotateCommand(
  settings: Settings,
  options: { readonly id: string; readonly days: string; readonly overlap: string },
): Promise<string> {
  const { id, days, overlap } = options;
  const token = await withDatabase(settings, ({ ownerUrl }) =>
    rotateOperatorKey(ownerUrl, {
      id,
      days: Number(days),
      overlapHours: Number(overlap),
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return token.reveal();
}

async function removeCommand(settings: Settings, id: string): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    removeOperatorKey(ownerUrl, { id, nowMs: Date.now(), by: settings.operator }),
  );
  return `The key ${id} has ended.`;
}
