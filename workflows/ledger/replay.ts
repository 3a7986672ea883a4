import { appendEntry } from "../../audit/append-entry.ts";
import { inTransaction } from "../../db/transaction.ts";
import { destroyWithin, type Destruction } from "../../keys/at-rest/destroy.ts";
import { eraseAccount } from "../erasure/erase-account.ts";
import type { ErasureRecord, LedgerEntry } from "./entry.ts";
import { advancePosition } from "./position.ts";
import type { SettleDeps } from "./settle.ts";

/** Who the audit log names. */
const LEDGER = { kind: "system", id: "erasure-ledger" } as const;

/** What an entry destroys. */
export const destructionOf = (record: ErasureRecord): Destruction =>
  record.kind === "subject"
    ? { subject: record.subject, whole: true }
    : { subject: record.subject, scopes: record.scopes };

/** Carries out one entry. What was carried out before stays as it is. */
export async function replayEntry(
  { pool, keystore, isApart, now }: SettleDeps,
  entry: LedgerEntry,
): Promise<void> {
  const { record, number } = entry;
  if (record.kind === "begin") {
    await advancePosition(keystore, "keystore", entry);
    return advancePosition(pool, "sealdesk", entry);
  }
  const { tenant, subject } = record;
  await inTransaction(pool, tenant, async (client) => {
    const nowMs = now();
    const where = { tenant, keystore: isApart ? keystore : undefined };
    const by = { actor: LEDGER };
    await destroyWithin(client, where, destructionOf(record), by, nowMs, (inKeystore) =>
      advancePosition(inKeystore, "keystore", entry),
    );
    if (record.kind === "subject") await eraseAccount(client, subject, record.atMs);
    await appendEntry(client, {
      actor: LEDGER,
      tenant,
      occurredAtMs: nowMs,
      action: "erasure.replay",
      resource: { type: "erasure_ledger", id: String(number) },
      subject,
      outcome: "success",
      details: { act: record.act },
    });
    await advancePosition(client, "sealdesk", entry);
  });
}
