import { nodeChecks } from "../../../audit/node-checks.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import type { LedgerEntry, LedgerPosition } from "../../../workflows/ledger/entry.ts";
import { readStatus, settleLedger } from "../../../workflows/ledger/settle.ts";
import type { SettleDeps } from "../../../workflows/ledger/settle-deps.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";
import { withLedger, withSettling } from "./with-ledger.ts";

/**
 * Verifies every entry of the erasure ledger: signatures, order and hashes. It needs the key service
 * and the ledger, and no database.
 * @throws LedgerError, KeysError of the service
 */
export async function verifyLedger(settings: Settings): Promise<string> {
  return withLedger(settings, async (ledger) => {
    const entries = await ledger.read(0);
    const last = entries.at(-1);
    if (last === undefined)
      throw new CommandError(`There is no erasure ledger at ${ledger.place}.`);
    return [
      `Verified ${entries.length} entries of the erasure ledger at ${ledger.place}.`,
      `Last entry: ${last.number}, SHA-256 ${toBase64(last.hash)}`,
      `Key: ${formatVkey(nodeChecks.sha256, ledger.key)}`,
    ].join("\n");
  });
}

/**
 * Shows how far the database and the keystore have carried out the ledger.
 * @throws LedgerError, KeysError of the service
 */
export async function ledgerStatus(settings: Settings): Promise<string> {
  return settling(settings, async (deps) => {
    const { entries, database, keystore } = await readStatus(deps, { whole: true });
    return [
      `Ledger: ${entries.length} entries at ${deps.ledger.place}`,
      `Database: ${lagOf(entries, database)}`,
      `Keystore: ${lagOf(entries, keystore)}`,
    ].join("\n");
  });
}

/**
 * Carries out the entries that the database or the keystore lacks, as the server does when it starts.
 * @throws LedgerError, KeysError of the service
 */
export async function replayLedger(settings: Settings): Promise<string> {
  return settling(settings, async (deps) => {
    const count = await settleLedger(deps);
    return count === 0
      ? "The database and the keystore have the whole ledger."
      : `Carried out ${count} entries of the erasure ledger again.`;
  });
}

const settling = <T>(settings: Settings, work: (deps: SettleDeps) => Promise<T>): Promise<T> =>
  withDatabase(settings, (database) => withSettling(settings, database, work));

function lagOf(entries: readonly LedgerEntry[], position: LedgerPosition | undefined): string {
  const missing = entries.length - 1 - (position?.number ?? -1);
  return missing === 0
    ? "has all of them"
    : `lacks ${missing}. Start the server, or run sealdesk ledger replay`;
}
