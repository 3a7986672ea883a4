import type { Packet } from "../../crypto/wire/frame.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { SealingKey } from "../../keys/at-rest/envelope.ts";
import { periodOf } from "../../crypto/wire/key-period.ts";
import { decideConversation } from "../../policies/abilities.ts";
import type { Actor } from "../../policies/actor.ts";
import type { ControlChange } from "../log/append-control.ts";
import { MessagingError } from "../messaging-error.ts";
import { conversationFacts, type MessagingDeps } from "../members/facts.ts";

/**
 * Returns the key that seals the packets of a receipt, or undefined if there are none. Call it
 * before the transaction, so that a slow key service holds no connection. Only a member's request
 * creates a key. Other requests are refused later.
 * @throws MessagingError key_destroyed
 */
export async function packetKey(
  { pool, scopeKeys, now }: MessagingDeps,
  actor: Actor,
  receipt: { readonly conversation: ConversationId; readonly packets?: readonly Packet[] },
): Promise<SealingKey | undefined> {
  const { conversation, packets = [] } = receipt;
  if (packets.length === 0) return undefined;
  const { tenant, user } = actor;
  const facts = await inTransaction(pool, tenant, (client) =>
    conversationFacts(client, conversation),
  );
  if (!decideConversation(actor, "read", facts).allowed) return undefined;
  const { createdBy: subject } = facts;
  const scope = { conversation, subject, author: user, period: periodOf(now()) };
  const [found] = await scopeKeys.forWriting(tenant, [scope]);
  if (found?.key === undefined)
    throw new MessagingError("key_destroyed", "What you wrote in this conversation is erased.");
  return found.key;
}

/**
 * Returns the packets of an event with the key that seals them.
 * @param key as returned by `packetKey`
 * @throws MessagingError contended, if there are packets and no key
 */
export function packetsUnder(
  key: SealingKey | undefined,
  packets: readonly Packet[] = [],
): ControlChange["packets"] {
  if (packets.length === 0) return undefined;
  // The actor became a member between the two transactions.
  if (key === undefined)
    throw new MessagingError("contended", "The conversation is busy. Try again.");
  return { all: packets, key };
}
