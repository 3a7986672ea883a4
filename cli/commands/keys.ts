import { readServerKeys } from "../../keys/server-keys/rows.ts";
import { rewrapServerKeys } from "../../keys/server-keys/rewrap-server-keys.ts";
import { rotateServerKey } from "../../keys/server-keys/rotate-server-key.ts";
import type { ServerKeyName, ServerKeyRow } from "../../keys/server-keys/server-key.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";
import { withKms } from "../with-kms.ts";

/** Lists the versions of the server's own keys, one per line. */
export async function keysStatusCommand(settings: Settings): Promise<string> {
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
export async function rotateKeyCommand(
  settings: Settings,
  { name, atOnce = false }: { readonly name: ServerKeyName; readonly atOnce?: boolean },
): Promise<string> {
  const version = await withKms(settings, (deps) =>
    rotateServerKey(deps, { name, by: settings.operator, atOnce }),
  );
  return `Rotated ${name}: version ${version} is in use.`;
}

/** Rotates the key of the key service that wraps the server's own keys, and wraps them again. */
export async function rewrapKeysCommand(settings: Settings): Promise<string> {
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
