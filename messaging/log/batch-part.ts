import type { DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Policy } from "../../policies/policy.ts";
import type { QuotaDraft } from "../storage/message-quota.ts";
import type { Taken } from "./conversation-queue.ts";
import type { DeviceKeys } from "./device-keys.ts";
import type { FencedConnection } from "./fenced-connection.ts";
import type { AcceptedMessage, ConversationHead } from "./head.ts";
import { insertEvents } from "./insert-events.ts";
import type { PendingPost } from "./pending-post.ts";
import { accountOf, planMessages, type Plan } from "./plan-messages.ts";

/** One conversation's part of a batch. */
export interface Part {
  readonly taken: Taken<PendingPost>;
  readonly plan: Plan;
  readonly keys: DeviceKeys;
  /**
   * True if the head came from the database. The log may then hold events that were never published
   * here.
   */
  readonly reread: boolean;
}

/** The state of the conversation on which its messages are planned. */
interface PlanningState {
  readonly head: ConversationHead;
  /** The keys of the senders, by conversation. */
  readonly keys: ReadonlyMap<ConversationId, DeviceKeys>;
  /** Messages of the batch that are known to be in the log. */
  readonly earlier: readonly AcceptedMessage[];
  /** As in `Part`. */
  readonly reread: boolean;
}

/** The inputs of a plan that do not depend on the conversation. */
interface PlanningRules {
  readonly policy: Policy;
  readonly frankingKey: Uint8Array;
  /** Counts the messages that the plan accepts. */
  readonly quota: QuotaDraft;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Plans the messages that were taken of one conversation, as `planMessages`. */
export function planPart(
  taken: Taken<PendingPost>,
  { head, keys: keysOf, earlier, reread }: PlanningState,
  { policy, frankingKey, quota, nowMs }: PlanningRules,
): Part {
  const requests = taken.items.map((item) => item.request);
  const known = earlier.filter(({ conversation }) => conversation === taken.conversation);
  const keys: DeviceKeys = keysOf.get(taken.conversation) ?? new Map();
  // A device without a key here belongs to no member. Admission refuses it with its own code.
  const isErased = (device: DeviceId) => keys.has(device) && keys.get(device)?.key === undefined;
  const plan = planMessages(head, policy, requests, known, frankingKey, nowMs, quota, isErased);
  return { taken, plan, keys, reread };
}

/**
 * Inserts the events of all parts in one statement. All parts must be of one tenant.
 * @param policyVersion the version by which they were planned
 * @throws a database error with `POLICY_CHANGED` if another version is in force, or a sender may not write by now
 */
export async function insertParts(
  connection: FencedConnection,
  parts: readonly Part[],
  policyVersion: number,
): Promise<void> {
  const [first] = parts;
  const events = parts.flatMap(({ plan }) => plan.events);
  if (first === undefined || events.length === 0) return;
  await insertEvents(connection.client, {
    tenant: first.taken.tenant,
    policyVersion,
    events,
    keys: parts.flatMap(({ plan, keys }) =>
      plan.events.map(({ senderDevice }) => keys.get(senderDevice)?.key),
    ),
    accounts: parts.flatMap(({ plan }) =>
      plan.events.map(({ senderDevice }) => accountOf(plan.next, senderDevice)),
    ),
    firstUses: parts.flatMap(({ plan }) => plan.firstUses),
    markers: parts.flatMap(({ plan }) => plan.markers),
  });
}

/**
 * Sorts the parts in the same order on all nodes. Two nodes that insert the same keys in different
 * orders would deadlock.
 */
export function inOrder(parts: readonly Part[]): Part[] {
  return parts.toSorted((a, b) => (a.taken.conversation < b.taken.conversation ? -1 : 1));
}
