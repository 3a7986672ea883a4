import { createHash } from "node:crypto";
import type { EventKind } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceId, ConversationId, GrantId, MessageId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import { assertPurpose } from "../../identity/assert-purpose.ts";
import { assertAllowed, auditDone, auditRefusals } from "../../identity/audited.ts";
import { ofConversation } from "../conversation-act.ts";
import { readEvents } from "../follow/read-events.ts";
import type { DeliverableEvent, ErasedEvent } from "../log/event.ts";
import { conversationFacts, type MessagingDeps } from "../members/facts.ts";
import { MessagingError } from "../messaging-error.ts";

/** An event as the hashes of the log cover it: everything except a message's ciphertext. */
export interface Link {
  readonly seq: number;
  readonly kind: EventKind;
  readonly senderDevice: DeviceId;
  readonly epoch: number;
  readonly keyId: Uuid;
  readonly clientMessageId: MessageId;
  readonly receivedAtMs: number;
  /** SHA-256 of the ciphertext. */
  readonly digest: Uint8Array;
  readonly commitment: Uint8Array;
  readonly frankingTag: Uint8Array;
  /**
   * Content of an event that is not a message, in the granted range or the last change of the members before
   * it. Null for all other events.
   */
  readonly control: Uint8Array | null;
}

export interface Links {
  /** Consecutive links, in order. There are fewer than requested if some events no longer exist. */
  readonly links: readonly Link[];
  /** The hash before the first link. Null if there are no links. */
  readonly previousHash: Uint8Array | null;
}

const pageSize = 256;

// Kinds 2 to 6 change the members and begin an epoch. Kind 7 closes the conversation, and lists the members, too.
const GRANT = `
  select g.from_seq as "fromSeq", g.to_seq as "toSeq", g.seq,
    coalesce((select max(e.seq) from events e where e.conversation = g.conversation
      and e.seq <= g.from_seq and e.kind > 1 and e.kind < 7), (select max(e.seq) from events e
      where e.conversation = g.conversation and e.seq <= g.from_seq and e.kind = 7), g.from_seq) as "firstSeq",
    coalesce((select max(e.seq) from events e where e.conversation = g.conversation
      and e.seq <= g.from_seq and e.kind > 1 and e.kind < 8), g.from_seq) as "baseSeq",
    coalesce($3 = any(g.devices), false) and exists (select from member_devices d
      where d.conversation = g.conversation and d.device = $3 and d.until_seq is null) as "isFor"
  from history_grants g where g.id = $2 and g.conversation = $1`;

/**
 * Reads the links of a granted range, of the events between that range and the grant, and of those before
 * it back to the beginning of its first event's epoch. The last change of the members up to there says who they were. Returns at most
 * 256 links, ending with the event `until`. A device starts from a hash of its own and goes backwards, and
 * so checks that the history it received matches the log.
 * @throws MessagingError conversation_not_found, grant_not_found; IdentityError forbidden, purpose_required
 */
export function readLinks(
  deps: MessagingDeps,
  actor: Actor,
  input: { readonly conversation: ConversationId; readonly grant: GrantId; readonly until: number },
): Promise<Links> {
  const { conversation, grant, until } = input;
  const act = {
    action: "history.read_links" as const,
    resource: ofConversation(conversation),
    details: { grant },
  };
  return auditRefusals(deps, actor, act, async () => {
    const { device, granted } = await inTransaction(deps.pool, actor.tenant, async (client) => {
      const facts = await conversationFacts(client, conversation);
      assertAllowed(decideConversation(actor, "read", facts));
      const found = await findGrant(client, actor, conversation, grant);
      const pack = found?.isFor === true ? "for_this_device" : "for_others";
      const decision = decideConversation(actor, "read_links", { ...facts, pack });
      if (found === undefined || actor.device === undefined || !decision.allowed)
        throw new MessagingError("grant_not_found", "There is no such grant for this device.", {
          reasons: decision.reasons,
        });
      assertPurpose(actor, "conversations");
      await auditDone(client, actor, { ...act, decision }, deps.now());
      return { device: actor.device, granted: found };
    });
    const last = Math.min(until, granted.seq);
    const first = Math.max(granted.firstSeq, last - pageSize + 1);
    const events = await readEvents(deps.pool, deps.scopeKeys, {
      tenant: actor.tenant,
      conversation,
      device,
      reader: actor,
      afterSeq: first - 1,
      untilSeq: last,
      limit: pageSize,
    });
    return linksOf(events, last, granted);
  });
}

interface GrantedRange {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** The last event up to `fromSeq` that lists the members; `fromSeq` if it is gone. */
  readonly baseSeq: number;
}

interface GrantRow extends GrantedRange {
  /** Number of the event of the grant. */
  readonly seq: number;
  /** The last event up to `fromSeq` that began an epoch; `fromSeq` if it is gone. */
  readonly firstSeq: number;
  /** The grant names the actor's device, which is a member's device now. */
  readonly isFor: boolean;
}

async function findGrant(
  client: Client,
  { device }: Actor,
  conversation: ConversationId,
  grant: GrantId,
): Promise<GrantRow | undefined> {
  const { rows } = await client.query<GrantRow>(GRANT, [conversation, grant, device ?? null]);
  return rows[0];
}

/** Returns the consecutive links that end with the event `last`. */
function linksOf(
  events: readonly (DeliverableEvent | ErasedEvent)[],
  last: number,
  range: GrantedRange,
): Links {
  const run: DeliverableEvent[] = [];
  for (const event of events.toReversed()) {
    if (event.kind === "erased" || event.seq !== last - run.length) break;
    run.push(event);
  }
  const links = run.toReversed().map((event) => linkOf(event, range));
  return { links, previousHash: run.at(-1)?.previousHash ?? null };
}

const linkOf = (event: DeliverableEvent, { fromSeq, toSeq, baseSeq }: GrantedRange): Link => ({
  seq: event.seq,
  kind: event.kind,
  senderDevice: event.senderDevice,
  epoch: event.epoch,
  keyId: event.keyId,
  clientMessageId: event.clientMessageId,
  receivedAtMs: event.receivedAtMs,
  digest: createHash("sha256").update(event.ciphertext).digest(),
  commitment: event.commitment,
  frankingTag: event.frankingTag,
  control:
    event.kind !== "message" &&
    (event.seq === baseSeq || (event.seq >= fromSeq && event.seq <= toSeq))
      ? event.ciphertext
      : null,
});
