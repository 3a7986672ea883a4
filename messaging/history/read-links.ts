import type { EventKind } from "../../crypto/wire/frame.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { auditDone, auditRefusals, insist } from "../actor-audit.ts";
import { kindOf } from "../follow/read-events.ts";
import { conversationFacts, type MessagingDeps } from "../members/facts.ts";
import { MessagingError } from "../messaging-error.ts";

/** An event as the log's hashes have it: everything of it but a message's ciphertext. */
export interface Link {
  readonly seq: number;
  readonly kind: EventKind;
  readonly senderDevice: Uuid;
  readonly epoch: number;
  readonly keyId: Uuid;
  readonly clientMessageId: Uuid;
  readonly receivedAtMs: number;
  /** SHA-256 of the ciphertext. */
  readonly digest: Uint8Array;
  readonly commitment: Uint8Array;
  readonly frankingTag: Uint8Array;
  /** What an event of the granted range says that is no message; null of any other. */
  readonly control: Uint8Array | null;
}

export interface Links {
  /** In order, without a hole; fewer than asked for where events are not there any more. */
  readonly links: readonly Link[];
  /** The hash before the first of them; null when it is not there any more. */
  readonly previousHash: Uint8Array | null;
}

const pageSize = 256;

const LINKS = `
  select seq, kind, sender_device, epoch, key_id, client_message_id, received_at_ms, commitment,
    franking_tag, sha256(ciphertext) as digest,
    case when kind > 1 and seq <= $4 then ciphertext end as control
  from events where conversation = $1 and seq between $2 and $3 and kind > 0 order by seq`;

const GRANT = `
  select g.from_seq, g.to_seq, g.seq from history_grants g
  join member_devices d on d.conversation = g.conversation and d.device = $3 and d.until_seq is null
  where g.id = $2 and g.conversation = $1 and $3 = any(g.devices)`;

/**
 * The links of a granted range, and of what lies between it and what the device has seen itself: at
 * most 256 that end with the event `until`. With them a device checks, from a hash of its own
 * backwards, that what it was given is what the log holds.
 * @throws MessagingError conversation_not_found, grant_not_found, forbidden
 */
export function readLinks(
  deps: MessagingDeps,
  actor: Actor,
  input: { readonly conversation: Uuid; readonly grant: Uuid; readonly until: number },
): Promise<Links> {
  const { conversation, grant, until } = input;
  const act = {
    action: "history.read_links",
    class: "R" as const,
    conversation,
    details: { grant },
  };
  return auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, actor.tenant, async (client) => {
      const facts = await conversationFacts(client, conversation);
      const decision = decideConversation(actor, "read", facts);
      insist(decision);
      const { rows } = await client.query(GRANT, [conversation, grant, actor.device ?? null]);
      const [granted] = rows;
      if (granted === undefined)
        throw new MessagingError("grant_not_found", "There is no such grant for this device.");
      await auditDone(client, actor, act, decision, deps.now());
      const last = Math.min(until, granted.seq);
      const first = Math.max(granted.from_seq, last - pageSize + 1);
      return {
        links: await linksBetween(client, conversation, first, last, granted.to_seq),
        previousHash: await hashBefore(client, conversation, first),
      };
    }),
  );
}

async function linksBetween(
  client: Client,
  conversation: Uuid,
  first: number,
  last: number,
  shownTo: number,
): Promise<readonly Link[]> {
  const { rows } = await client.query(LINKS, [conversation, first, last, shownTo]);
  return rows.map((row) => ({
    seq: row.seq,
    kind: kindOf(row.kind),
    senderDevice: row.sender_device,
    epoch: row.epoch,
    keyId: row.key_id,
    clientMessageId: row.client_message_id,
    receivedAtMs: row.received_at_ms,
    digest: row.digest,
    commitment: row.commitment,
    frankingTag: row.franking_tag,
    control: row.control,
  }));
}

async function hashBefore(
  client: Client,
  conversation: Uuid,
  first: number,
): Promise<Uint8Array | null> {
  if (first === 1) return zeroHash;
  const { rows } = await client.query(
    "select transcript_hash from events where conversation = $1 and seq = $2 and kind > 0",
    [conversation, first - 1],
  );
  return rows[0]?.transcript_hash ?? null;
}
