import { openKms } from "../../keys/kms/open-kms.ts";
import { readServerKeys } from "../../keys/server-keys/rows.ts";
import { rotateServerKey } from "../../keys/server-keys/rotate-server-key.ts";
import type { ServerKeyName, ServerKeyRow } from "../../keys/server-keys/server-key.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** One line for each version of the server's own keys. */
export async function keysStatusCommand(settings: Settings): Promise<string> {
  const rows = await withDatabase(settings, ({ pool }) => readServerKeys(pool));
  if (rows.length === 0) return "There are no keys yet; the server makes them when it starts.";
  const lines = rows.map((row) => [
    row.name.padEnd(12),
    `v${row.version}`.padEnd(5),
    `wrapped by ${row.provider} v${row.wrappingVersion}`.padEnd(22),
    `made ${isoOf(row.createdAtMs)}`,
    stateOf(row, Date.now()),
  ]);
  return lines.map((line) => line.join("  ")).join("\n");
}

/** Makes a new version of one key. Running servers take it up within seconds. */
export async function rotateKeyCommand(
  settings: Settings,
  { name, atOnce = false }: { readonly name: ServerKeyName; readonly atOnce?: boolean },
): Promise<string> {
  const { kms } = await openKms(settings.kms());
  try {
    const version = await withDatabase(settings, ({ pool }) =>
      rotateServerKey({ pool, kms, now: Date.now }, { name, by: "operator", atOnce }),
    );
    return `Rotated ${name}: version ${version} is in use.`;
  } finally {
    await kms.close();
  }
}

function stateOf(row: ServerKeyRow, nowMs: number): string {
  if (row.destroyedAtMs !== null) return `destroyed ${isoOf(row.destroyedAtMs)}`;
  if (row.retiredAtMs === null) return "active";
  if (row.servesUntilMs === null) return `retired ${isoOf(row.retiredAtMs)}, still checks`;
  return nowMs < row.servesUntilMs
    ? `retired ${isoOf(row.retiredAtMs)}, checks until ${isoOf(row.servesUntilMs)}`
    : `retired ${isoOf(row.retiredAtMs)}, to be destroyed`;
}

const isoOf = (atMs: number): string => new Date(atMs).toISOString();
