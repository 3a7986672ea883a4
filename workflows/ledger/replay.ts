import { appendEntry } from "../../audit/append-entry.ts";
import type { Queryable } from "../../db/client.ts";
import { erasePersonalFields } from "../../audit/personal-fields.ts";
import { inTransaction } from "../../db/transaction.ts";
import { destroyWithin, withinKeystore, type Destruction } from "../../keys/at-rest/destroy.ts";
import { recordErased } from "../erasure/record-erased.ts";
import { eraseAccount } from "../erasure/erase-account.ts";
import { replayWithdrawal } from "../erasure/replay-withdrawal.ts";
import type { ErasureRecord, LedgerEntry } from "./entry.ts";
import { advancePosition, readPosition } from "./position.ts";
import type { SettleDeps } from "./settle-deps.ts";

/** Who the audit log names. */
const LEDGER = { kind: "system", id: "erasure-ledger" } as const;

/** Which keys an entry destroys; undefined if none. */
export function destructionOf(record: ErasureRecord): Destruction | undefined {
  const { subject } = record;
  if (record.kind === "account") return undefined;
  return record.kind === "subject" ? { subject, whole: true } : { subject, scopes: record.scopes };
}

/** Carries out one entry. What was carried out before stays as it is. */
export async function replayEntry(
  { pool, keystore, isApart, now }: SettleDeps,
  entry: LedgerEntry,
): Promise<boolean> {
  const { record, number } = entry;
  if (record.kind === "begin") {
    await advancePosition(keystore, "keystore", entry);
    await advancePosition(pool, "sealdesk", entry);
    return false;
  }
  const { tenant, subject } = record;
  return inTransaction(pool, tenant, async (client) => {
    // Whoever wrote the entry holds this lock until it has carried it out.
    const data = await readPosition(client, "sealdesk", "lock");
    const keys = await readPosition(keystore, "keystore");
    if (number <= Math.min(data?.number ?? -1, keys?.number ?? -1)) return false;
    const nowMs = now();
    const where = { tenant, keystore: isApart ? keystore : undefined };
    const by = { actor: LEDGER };
    if (record.kind === "withdrawal") {
      await withinKeystore(client, where, (inKeystore) =>
        advancePosition(inKeystore, "keystore", entry),
      );
      await replayWithdrawal(client, record, { actor: LEDGER, tenant, occurredAtMs: nowMs });
      await advancePosition(client, "sealdesk", entry);
      return true;
    }
    const what = destructionOf(record);
    const advance = (inKeystore: Queryable) => advancePosition(inKeystore, "keystore", entry);
    if (what === undefined) await withinKeystore(client, where, advance);
    else {
      const done = await destroyWithin(client, where, what, by, nowMs, advance);
      if (record.kind === "scopes")
        await recordErased(client, tenant, record, () => 1, done.entry, nowMs);
    }
    if (record.kind !== "scopes") {
      await eraseAccount(client, tenant, subject, record.atMs);
      await erasePersonalFields(client, tenant, subject);
    }
    await appendEntry(client, {
      actor: LEDGER,
      tenant,
      occurredAtMs: nowMs,
      action: "erasure.replay",
      resource: { type: "erasure_ledger", id: String(number) },
      subject,
      outcome: "success",
      details: { act: record.act, erased: record.kind },
    });
    await advancePosition(client, "sealdesk", entry);
    return true;
  });
}
