import { Option, type Command } from "commander";
import { rewrapServerKeys } from "../../keys/server-keys/rewrap-server-keys.ts";
import { rotateServerKey } from "../../keys/server-keys/rotate-server-key.ts";
import { readServerKeys } from "../../keys/server-keys/rows.ts";
import {
  serverKeyNames,
  type ServerKeyName,
  type ServerKeyRow,
} from "../../keys/server-keys/server-key.ts";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";
import { withKms } from "../with-kms.ts";
import { rewrapCommand, rotateKekCommand } from "./rotate-kek.ts";

/** `sealdesk keys ...` */
export function registerKeys(program: Command, print: Print, settings: () => Settings): void {
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
    .addOption(
      new Option("--name <name>", "which key").choices(serverKeyNames).makeOptionMandatory(),
    )
    .option(
      "--at-once",
      "the key `tokens` has leaked: refuse everything that it signed, from now on",
    )
    .action(async (options: Parameters<typeof rotateKeyCommand>[1]) =>
      print(await rotateKeyCommand(settings(), options)),
    );

  keys
    .command("rewrap")
    .description("Rotate the key that wraps the server's own keys, and wrap them again")
    .action(async () => print(await rewrapKeysCommand(settings())));
}

/** Lists the versions of the server's own keys, one per line. */
async function keysStatusCommand(settings: Settings): Promise<string> {
  const rows = await withDatabase(settings, ({ pool }) => readServerKeys(pool));
  if (rows.length === 0) return "There are no keys yet. The server makes them when it starts.";
  const lines = rows.map((row) => [
    row.name.padEnd(12),
    `v${row.version}`.padEnd(5),
    `wrapped by ${row.provider} v${row.wrappingVersion}`.padEnd(22),
    `made ${isoOf(row.createdAtMs)}`,
    stateOf(row, Date.now()),
  ]);
  return lines.map((line) => line.join("  ")).join("\n");
}

/** Creates a new version of one key. Running servers use it within seconds. */
async function rotateKeyCommand(
  settings: Settings,
  { name, atOnce = false }: { readonly name: ServerKeyName; readonly atOnce?: boolean },
): Promise<string> {
  const version = await withKms(settings, (deps) =>
    rotateServerKey(deps, { name, by: settings.operator, atOnce }),
  );
  return `Rotated ${name}: version ${version} is in use.`;
}

/** Rotates the key of the key service that wraps the server's own keys, and wraps them again. */
async function rewrapKeysCommand(settings: Settings): Promise<string> {
  const version = await withKms(settings, (deps) =>
    rewrapServerKeys({ ...deps, by: settings.operator }),
  );
  return `All keys are wrapped by version ${version} of the key service's key.`;
}

function stateOf(row: ServerKeyRow, nowMs: number): string {
  if (row.destroyedAtMs !== null) return `destroyed ${isoOf(row.destroyedAtMs)}`;
  if (row.retiredAtMs === null) return "active";
  if (row.servesUntilMs === null) return `retired ${isoOf(row.retiredAtMs)}, still verifies`;
  return nowMs < row.servesUntilMs
    ? `retired ${isoOf(row.retiredAtMs)}, verifies until ${isoOf(row.servesUntilMs)}`
    : `retired ${isoOf(row.retiredAtMs)}, to be destroyed`;
}

const isoOf = (atMs: number): string => new Date(atMs).toISOString();
