import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KeysError } from "../../keys/keys-error.ts";
import { MessagingError } from "../messaging-error.ts";
import { BlobError } from "./stores/blob-store.ts";
import { attachmentNotFound } from "./upload-row.ts";

/** The ways in which a stored blob can differ from the blob that was sealed. */
export const damages = ["missing", "wrong_size", "seal_broken"] as const;
export type Damage = (typeof damages)[number];

/** Called each time a request is refused because its attachment is damaged. It must not throw. */
export type OnDamaged = (found: {
  readonly attachment: AttachmentId;
  readonly damage: Damage;
}) => void;

interface DamageDeps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly onDamaged?: OnDamaged | undefined;
}

interface Stored {
  readonly tenant: TenantId;
  readonly id: AttachmentId;
  readonly conversation: ConversationId;
}

/**
 * Passes the pieces on. If reading them shows that the blob was altered, the first occurrence is
 * written to the audit log.
 * @throws MessagingError attachment_damaged; attachment_not_found, if the attachment was removed in
 *   the meantime
 */
export async function* noticingDamage(
  deps: DamageDeps,
  stored: Stored,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pieces;
  } catch (cause) {
    const damage = damageOf(cause);
    if (damage === undefined) throw cause;
    if (!(await recordDamage(deps, stored, damage))) throw attachmentNotFound();
    deps.onDamaged?.({ attachment: stored.id, damage });
    throw new MessagingError("attachment_damaged", "The stored attachment was altered.", { cause });
  }
}

function damageOf(error: unknown): Damage | undefined {
  if (error instanceof BlobError && error.code === "blob_missing") return "missing";
  if (error instanceof BlobError && error.code === "wrong_size") return "wrong_size";
  if (error instanceof KeysError && error.code === "seal_broken") return "seal_broken";
  return undefined;
}

/** @returns false if the attachment has been removed */
function recordDamage(
  { pool, now }: DamageDeps,
  { tenant, id, conversation }: Stored,
  damage: Damage,
): Promise<boolean> {
  return inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<{ isKnown: boolean }>(
      `select damaged_at_ms is not null as "isKnown" from attachments
       where id = $1 and state <> 'deleting' for update`,
      [id],
    );
    const [row] = rows;
    if (row === undefined || row.isKnown) return row !== undefined;
    await client.query("update attachments set damaged_at_ms = $2 where id = $1", [id, now()]);
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      actor: { kind: "system", id: "attachments" },
      action: "attachment.damaged",
      resource: { type: "conversation", id: conversation },
      outcome: "failed",
      reason: damage,
      details: { attachment: id },
    });
    return true;
  });
}
