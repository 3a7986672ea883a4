import type { TenantId, CaseId, ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import type { Client } from "../../db/pool.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";

type SweepDeps = Pick<AttachmentDeps, "pool" | "store" | "digests" | "now">;

interface Marked {
  readonly id: AttachmentId;
  readonly conversation: ConversationId;
}

// Attachments are marked first, so that no upload completes while its bytes are removed. After an
// interruption they are found again by the mark until the row is deleted. An upload is late when the clocks of the node and of
// the database both say so: one that jumped ahead removes nothing.
const MARK = `
  update attachments a set state = 'deleting'
  where (state = 'uploading' and expires_at_ms <= least($1::int8, sealdesk.database_now_ms()))
    or (state <> 'deleting'
      and not exists (select from attachment_references r where r.attachment = a.id))`;
const MARKED =
  "select id, conversation from attachments where state = 'deleting' and erased_by is null";

/**
 * Removes uploads that were not completed in time, and attachments that no conversation refers to. An erasure removes
 * and counts its own.
 * It removes the bytes first, then the row together with the audit entry. If it is interrupted, the
 * next run continues. If one attachment cannot be removed, the others still are, and the failure is
 * thrown at the end.
 * @returns the number of removed attachments
 */
export const sweepAttachments = (deps: SweepDeps): Promise<number> =>
  forEachTenant(deps.pool, (tenant) => sweepTenant(deps, tenant));

/** Like `sweepAttachments`, for one tenant. */
export async function sweepTenant(deps: SweepDeps, tenant: TenantId): Promise<number> {
  const { pool, now } = deps;
  const marked = await inTransaction(pool, tenant, async (client) => {
    await client.query(MARK, [now()]);
    return (await client.query<Marked>(MARKED)).rows;
  });
  const failures: unknown[] = [];
  for (const attachment of marked)
    await removeMarked(deps, tenant, attachment).catch((error: unknown) => {
      failures.push(error);
    });
  throwAll(failures, "Some attachments could not be removed.");
  return marked.length;
}

/** Removes the bytes and then the row of an attachment that is marked as `deleting`. */
export async function removeMarked(
  { pool, store, digests, now }: SweepDeps,
  tenant: TenantId,
  { id, conversation }: Marked,
): Promise<void> {
  await store.delete(id);
  digests.forget({ tenant, id });
  const actor = { kind: "system", id: "sweep-attachments" } as const;
  await inTransaction(pool, tenant, (client) =>
    removeRow(client, tenant, { id, conversation }, { actor, occurredAtMs: now() }),
  );
}

/**
 * Removes the row of an attachment whose bytes are gone, and records that.
 * @param marked.erasedBy the erasure that has marked it; none by default
 * @returns the audit entry; undefined if somebody else removed the row, or another one than `erasedBy` is to
 */
export async function removeRow(
  client: Client,
  tenant: TenantId,
  { id, conversation, erasedBy }: Marked & { readonly erasedBy?: CaseId },
  by: Pick<AuditEntry<"attachment.remove">, "actor" | "occurredAtMs">,
): Promise<number | undefined> {
  const { rowCount } = await client.query(
    "delete from attachments where id = $1 and erased_by is not distinct from $2",
    [id, erasedBy ?? null],
  );
  if (rowCount === 0) return undefined;
  return appendEntry(client, {
    ...by,
    tenant,
    action: "attachment.remove",
    resource: { type: "conversation", id: conversation },
    outcome: "success",
    details: { attachment: id },
  });
}

const EVERY_MS = 10 * 60_000;

/**
 * Sweeps now and every ten minutes.
 * @returns a function that stops the task
 */
export const sweepAttachmentsPeriodically = (deps: SweepDeps, onError: (error: unknown) => void) =>
  runPeriodically(() => sweepAttachments(deps), EVERY_MS, onError);
