import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { MessagingError } from "../messaging-error.ts";
import { MessageQuota } from "./message-quota.ts";

/**
 * Checks that the actor and the tenant may store one more event. For events that add something.
 * Removing a member or closing a conversation must always be possible.
 * @param nowMs milliseconds since the Unix epoch
 * @throws MessagingError quota_exceeded
 */
export async function assertMayStore(
  client: Client,
  { tenant, user }: Pick<Actor, "tenant" | "user">,
  nowMs: number,
): Promise<void> {
  const quota = new MessageQuota();
  await quota.load(client, tenant, [user], nowMs, true);
  if (quota.draft(tenant, nowMs).take(user, 0) > 0)
    throw new MessagingError(
      "quota_exceeded",
      "The quota of stored messages is used up. Try again later.",
    );
}
