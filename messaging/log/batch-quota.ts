import { nilId, type TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { MessageQuota } from "../storage/message-quota.ts";
import type { Taken } from "./conversation-queue.ts";
import type { ConversationHead } from "./head.ts";
import type { PendingPost } from "./pending-post.ts";
import { accountOf, sizeOf, type Plan } from "./plan-messages.ts";

/** One conversation of a batch, with its head if there is one to plan on. */
export interface Work {
  readonly taken: Taken<PendingPost>;
  readonly head?: ConversationHead | undefined;
}

/**
 * Reads the quotas of everyone who sends in this batch, unless they are known.
 * @param isSure as in `MessageQuota.load`: true if no message may be refused by an old copy
 */
export async function loadQuota(
  quota: MessageQuota,
  client: Client,
  work: readonly Work[],
  nowMs: number,
  isSure: boolean,
): Promise<void> {
  const [first] = work;
  if (first === undefined) return;
  const accounts = work.flatMap(({ taken, head }) =>
    head === undefined
      ? []
      : taken.items.map(({ request }) => accountOf(head, request.senderDevice)),
  );
  // A device that is no member has no account here. Its message is refused for that.
  const members = accounts.filter((account) => account !== nilId());
  await quota.load(client, first.taken.tenant, members, nowMs, isSure);
}

/** Adds what the plan has stored to the quotas that this node knows. */
export function countPlan(quota: MessageQuota, tenant: TenantId, { events, next }: Plan): void {
  for (const event of events)
    quota.stored(tenant, accountOf(next, event.senderDevice), { items: 1, bytes: sizeOf(event) });
}
