import type { Command } from "commander";
import {
  addApiKey,
  listApiKeys,
  removeApiKey,
  rotateApiKey,
  scopeNames,
  type ApiKey,
} from "../../identity/administration/api-keys.ts";
import { namedTenant } from "../named-tenant.ts";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

interface KeyOptions {
  readonly tenant: string;
  readonly id: string;
}

const SLUG = "short name of the tenant";
export const KEY_ID = "the key's id, the part of the key between the first _ and the next one";
export const DAYS = "how long the key is valid, at most 366 days";
const DAY_MS = 86_400_000;

/** `sealdesk api-key ...` */
export function registerApiKeys(program: Command, print: Print, settings: () => Settings): void {
  const keys = program
    .command("api-key")
    .description("Manage the keys with which a tenant's backend administers it over HTTP");
  keys
    .command("add")
    .description("Print a new key; docs/administration-api.md says what it is for")
    .requiredOption("--tenant <slug>", SLUG)
    .requiredOption("--name <name>", "name of the program that has the key")
    .requiredOption("--scope <scopes...>", `what the key may do, of: ${scopeNames.join(", ")}`)
    .option("--days <number>", DAYS, "90")
    .action(async (options: Parameters<typeof addCommand>[1]) =>
      print(await addCommand(settings(), options)),
    );
  keys
    .command("rotate")
    .description("Print a new key with the same name and scopes; the former one ends later")
    .requiredOption("--tenant <slug>", SLUG)
    .requiredOption("--id <id>", KEY_ID)
    .option("--days <number>", DAYS, "90")
    .option("--overlap <hours>", "hours after which the former key ends, at most 720", "24")
    .action(async (options: Parameters<typeof rotateCommand>[1]) =>
      print(await rotateCommand(settings(), options)),
    );
  keys
    .command("remove")
    .description("End a key at once")
    .requiredOption("--tenant <slug>", SLUG)
    .requiredOption("--id <id>", KEY_ID)
    .action(async (options: KeyOptions) => print(await removeCommand(settings(), options)));
  keys
    .command("list")
    .description("List the keys, what they may do, and when they end and were last used")
    .requiredOption("--tenant <slug>", SLUG)
    .action(async (options: Pick<KeyOptions, "tenant">) =>
      print(await listCommand(settings(), options.tenant)),
    );
}

async function addCommand(
  settings: Settings,
  options: {
    readonly tenant: string;
    readonly name: string;
    readonly scope: readonly string[];
    readonly days: string;
  },
): Promise<string> {
  const { tenant: slug, name, scope: scopes, days } = options;
  const token = await withDatabase(settings, ({ ownerUrl }) =>
    addApiKey(ownerUrl, {
      slug,
      name,
      scopes,
      days: Number(days),
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return token.reveal();
}

async function rotateCommand(
  settings: Settings,
  options: KeyOptions & { readonly days: string; readonly overlap: string },
): Promise<string> {
  const { tenant: slug, id, days, overlap } = options;
  const token = await withDatabase(settings, ({ ownerUrl }) =>
    rotateApiKey(ownerUrl, {
      slug,
      id,
      days: Number(days),
      overlapHours: Number(overlap),
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return token.reveal();
}

async function removeCommand(
  settings: Settings,
  { tenant: slug, id }: KeyOptions,
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    removeApiKey(ownerUrl, { slug, id, nowMs: Date.now(), by: settings.operator }),
  );
  return `The key ${id} has ended.`;
}

async function listCommand(settings: Settings, slug: string): Promise<string> {
  return withDatabase(settings, async ({ pool }) => {
    const tenant = await namedTenant(pool, slug);
    return keyLines(await listApiKeys(pool, tenant.id));
  });
}

/** Returns one line for each key. */
export function keyLines(keys: readonly ApiKey[]): string {
  if (keys.length === 0) return "There is none.";
  const isoOf = (atMs: number) => new Date(atMs).toISOString();
  return keys
    .map(({ id, name, scopes, expiresAtMs, lastUsedDay }) => {
      const used = lastUsedDay === null ? "never" : isoOf(lastUsedDay * DAY_MS).slice(0, 10);
      return `${id}  ${name}  valid until ${isoOf(expiresAtMs)}  last used ${used}  ${scopes.join(" ")}`;
    })
    .join("\n");
}
