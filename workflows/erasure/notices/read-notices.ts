import type { KnownHeads } from "../../../audit/read/known-heads.ts";
import { proveEntries } from "../../../audit/read/prove-entries.ts";
import type { ErasureNotice } from "../../../audit/verify/erasure-notice.ts";
import { logOf, nilId, type CaseId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { assertAllowedOnDevice, type UseCase } from "../../../identity/audited.ts";
import type { Actor } from "../../../policies/actor.ts";
import { decideCases } from "../../../policies/cases.ts";

/** What a device is told, and the signed head of the audit log to which the proofs lead. */
export interface ErasureNotices {
  /** Empty if there are no notices. */
  readonly checkpoint: string;
  readonly notices: readonly ErasureNotice[];
}

const NOTHING: ErasureNotices = { checkpoint: "", notices: [] };

const OPEN = `
  select n.case_id as id, array_agg(distinct i.entry)::text[] as entries
  from erasure_notices n join erasure_items i on i.case_id = n.case_id
  where n.device = $1 and n.acknowledged_at_ms is null
    and i.kind = 'messages' and i.outcome = 'erased'
  group by n.case_id, n.notified_at_ms order by n.notified_at_ms, n.case_id limit 20`;

/**
 * Returns the erasures that the actor's device was told of and has not acknowledged, with the audit entries that record
 * what was destroyed, and their proofs. The log signs an entry within seconds. Until then there is nothing.
 * @throws IdentityError device_required, forbidden; AuditError audit_log_altered, audit_log_behind
 */
export function readErasureNotices(
  { pool, heads }: Pick<UseCase, "pool"> & { readonly heads: KnownHeads },
  actor: Actor,
): Promise<ErasureNotices> {
  const { tenant, device = nilId<DeviceId>() } = actor;
  return inTransaction(pool, tenant, async (client) => {
    assertAllowedOnDevice(decideCases(actor, "acknowledge", { tenant, subject: null, device }));
    const { rows } = await client.query<{ id: CaseId; entries: readonly string[] }>(OPEN, [device]);
    if (rows.length === 0) return NOTHING;
    const log = await heads.open(client, logOf(tenant));
    const ids = [...new Set(rows.flatMap(({ entries }) => entries.map(Number)))];
    const proven = log && (await proveEntries(client, log, ids));
    if (proven === undefined || log === undefined) return NOTHING;
    const notices = rows.map(({ id, entries }) => ({
      id,
      entries: proven
        .filter((each) => entries.includes(String(each.id)))
        .map(({ entry, index, proof }) => ({ entry, index, proof })),
    }));
    return { checkpoint: log.note, notices };
  });
}
