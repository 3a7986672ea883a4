import type { NewId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { decideRetention, type RetentionRule } from "../../policies/retention.ts";
import { assertLine } from "../assert-line.ts";
import { assertNoneInterrupted, settleInterrupted } from "../ledger/interrupted.ts";
import type { WithLedger } from "../ledger/settle-deps.ts";
import { WorkflowError } from "../workflow-error.ts";
import { labelsOf, lockRetention, ofRetention, readLocks } from "./stored-schedule.ts";

/** A lock that somebody sets. */
export interface NewLock extends RetentionRule {
  /** The law that demands it: one line of at most 200 characters. */
  readonly citation: string;
}

export interface LockRecordsDeps extends UseCase {
  readonly newId: NewId;
  readonly withLedger: WithLedger;
}

/**
 * Demands that records with these labels are kept for at least so many days, also those that are stored already. If
 * there is a lock for the same labels, it is lengthened. A lock is neither shortened nor removed. An erasure that was
 * interrupted after it was written to the ledger is carried out first.
 * @returns the id of the lock
 * @throws WorkflowError invalid_retention, erasure_interrupted, retention_locked, if there is a longer one; IdentityError forbidden, device_required
 */
export async function lockRecords(
  deps: LockRecordsDeps,
  party: Party,
  { days, citation, ...given }: NewLock,
): Promise<Uuid> {
  const tenant = tenantOf(party);
  const labels = labelsOf(given);
  const details = { days, citation, ...labels };
  const act = { action: "retention.lock", resource: ofRetention(tenant), details } as const;
  const mayLock = !("actor" in party) || decideRetention(party.actor, "lock", { tenant }).allowed;
  if (mayLock) await settleInterrupted(deps, tenant);
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideRetention(actor, "lock", { tenant }));
    assertLine("invalid_retention", "citation", citation);
    await lockRetention(client, tenant);
    await assertNoneInterrupted(client, tenant, deps.withLedger);
    const before = (await readLocks(client)).find(
      (each) =>
        each.dataClass === labels.dataClass &&
        each.team === labels.team &&
        each.region === labels.region,
    );
    if (before !== undefined && days < before.days)
      throw new WorkflowError(
        "retention_locked",
        `The lock keeps these records for ${before.days} days (${before.citation}). It can be lengthened only.`,
      );
    const id = before?.id ?? deps.newId<Uuid>();
    await client.query(
      `insert into retention_locks (tenant, id, data_class, team, region, days, citation, set_by, set_at_ms)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (tenant, id) do update set days = excluded.days, citation = excluded.citation,
         set_by = excluded.set_by, set_at_ms = excluded.set_at_ms`,
      [
        tenant,
        id,
        labels.dataClass ?? null,
        labels.team ?? null,
        labels.region ?? null,
        days,
        citation,
        nameOf(party),
        deps.now(),
      ],
    );
    note({ ...decided, details: { ...details, lock: id } });
    return id;
  });
}
