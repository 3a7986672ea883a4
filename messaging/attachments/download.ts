import type { ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { decideConversation, type ConversationFacts } from "../../policies/abilities.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";
import { assertPurpose } from "../../identity/assert-purpose.ts";
import { assertAllowed, auditDone, auditRefusals } from "../../identity/audited.ts";
import { ofConversation } from "../conversation-act.ts";
import { conversationFacts } from "../members/facts.ts";
import type { AttachmentDeps } from "./attachment-deps.ts";
import { sealOf } from "./blob-key.ts";
import { noticingDamage } from "./damage.ts";
import { readSealed } from "./read-sealed.ts";
import type { ByteRange } from "./stores/blob-store.ts";
import { attachmentNotFound, findAttachment } from "./upload-row.ts";

/** An attachment that the actor may read. */
export interface Download {
  /** Length of the ciphertext, in bytes. */
  readonly size: number;
  /** SHA-256 of the ciphertext as it was received. */
  readonly sha256: Uint8Array;
  /**
   * Resolves when the first piece has been read and verified. Later pieces may still throw.
   * @param range must not be empty
   * @throws MessagingError attachment_damaged
   */
  read(range: ByteRange): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Opens an attachment for a member of a conversation that refers to it. The actor must be a member
 * now or have been one when it was uploaded. The audit log records what staff open, and every
 * refusal.
 * @throws MessagingError attachment_not_found, key_destroyed; IdentityError forbidden, purpose_required
 */
export async function openDownload(
  deps: Pick<AttachmentDeps, "pool" | "store" | "scopeKeys" | "now" | "onDamaged">,
  actor: Actor,
  id: AttachmentId,
): Promise<Download> {
  const { pool, store, scopeKeys, now } = deps;
  const conversation = await inTransaction(pool, actor.tenant, (client) =>
    conversationFor(client, actor, id),
  );
  const resource = ofConversation(conversation);
  const act = { action: "attachment.read" as const, resource, details: { attachment: id } };
  return auditRefusals(deps, actor, act, async () => {
    const row = await inTransaction(pool, actor.tenant, async (client) => {
      const found = await findAttachment(client, id);
      if (found?.state !== "complete") throw attachmentNotFound();
      const { sha256, seq } = found;
      if (sha256 === undefined || seq === undefined) throw attachmentNotFound();
      const facts = await conversationFacts(client, conversation);
      const wasMember =
        facts.members.includes(actor.user) || (await wasMemberAt(client, actor, conversation, seq));
      const pack = await packFor(client, actor, { id, conversation });
      const decision = decideConversation(actor, "download", { ...facts, wasMember, pack });
      assertAllowed(decision);
      assertPurpose(actor, "conversations");
      if (isStaff(actor.role)) await auditDone(client, actor, { ...act, decision }, now());
      return { ...found, sha256 };
    });
    // This comes after the transaction, so that a slow key service holds no connection.
    const seal = await sealOf(scopeKeys, actor.tenant, row);
    const stored = { tenant: actor.tenant, id, conversation };
    const read = (range: ByteRange) =>
      begun(noticingDamage(deps, stored, readSealed(store, seal, row, range)));
    return { size: row.size, sha256: row.sha256, read };
  });
}

/** Returns the same pieces after the first one has been read. */
async function begun(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<AsyncIterable<Uint8Array>> {
  let first: IteratorResult<Uint8Array, void> | undefined = await pieces.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const result = first ?? (await pieces.next());
        first = undefined;
        return result;
      },
      return: () => pieces.return(),
    }),
  };
}

/**
 * Finds a conversation that refers to the attachment. Prefers one that the actor is or was a member
 * of.
 */
async function conversationFor(
  client: Client,
  actor: Actor,
  id: AttachmentId,
): Promise<ConversationId> {
  const { rows } = await client.query<{ conversation: ConversationId }>(
    `select r.conversation from attachment_references r
     left join members m on m.conversation = r.conversation and m.user_id = $2
     where r.attachment = $1
     order by m.user_id is null, m.until_seq is not null, m.until_seq desc limit 1`,
    [id, actor.user],
  );
  const [first] = rows;
  if (first === undefined) throw attachmentNotFound();
  return first.conversation;
}

/**
 * Returns whether the attachment is a pack of a history grant, and for whom. A pack is for the
 * devices of the grant that are members' devices now. "none" means that the attachment is no such
 * pack.
 */
async function packFor(
  client: Client,
  { device }: Actor,
  { id, conversation }: { readonly id: AttachmentId; readonly conversation: ConversationId },
): Promise<NonNullable<ConversationFacts["pack"]>> {
  const { rows } = await client.query<{ isFor: boolean }>(
    `select exists (
       select from member_devices d where d.conversation = $2 and d.device = $3
         and d.until_seq is null and sealdesk.is_current(d.break_glass) and d.device = any(g.devices)) as "isFor"
     from history_packs p join history_grants g on g.id = p.history_grant
     where p.attachment = $1`,
    [id, conversation, device ?? null],
  );
  const [pack] = rows;
  if (pack === undefined) return "none";
  return pack.isFor ? "for_this_device" : "for_others";
}

/** Returns whether the actor was a member at the event `seq`. */
async function wasMemberAt(
  client: Client,
  { user }: Actor,
  conversation: ConversationId,
  seq: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from members where conversation = $1 and user_id = $2
       and from_seq <= $3 and (until_seq is null or until_seq > $3) and sealdesk.is_current(break_glass)`,
    [conversation, user, seq],
  );
  return rowCount !== 0;
}
