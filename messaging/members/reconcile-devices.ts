import type { TenantId, UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { throwAll } from "../../db/throw-all.ts";
import { batchRead } from "../../db/batch-read.ts";
import { MAX_MEMBER_DEVICES } from "../../policies/conversation-limits.ts";
import { attemptChange } from "../log/attempt-change.ts";
import type { ConversationLog } from "../log/conversation-log.ts";
import { changeDevice } from "./change-device.ts";
import type { MessagingDeps } from "./facts.ts";

// Conversations of the user whose device list is out of date: a device is missing, or a revoked one
// is still there. The devices are looked up once and the lists one by one. With too few statistics,
// the planner would scan either table completely for a join. Removals come first. Nothing changes in the conversations
// of a person who is being erased, nor in those whose processing is restricted.
const DIFFERENCES = `
  with own as materialized (select id, revoked_at_ms is null as active from devices where user_id = $1)
  select m.conversation, own.id as device, own.active as added
  from own cross join members m
  where m.user_id = $1 and m.until_seq is null and ($2::uuid is null or m.conversation = $2)
    and own.active = (0 = (
      select count(*) from member_devices md
      where md.conversation = m.conversation and md.device = own.id and md.until_seq is null))
    and not exists (
      select from conversations c join users person on person.id = c.created_by
      where c.id = m.conversation and person.fenced_at_ms is not null)
    and not exists (select from restricted_conversations r where r.conversation = m.conversation)
  order by own.active`;

interface Difference {
  readonly conversation: ConversationId;
  readonly device: DeviceId;
  /** Whether the conversation lacks the device. If not, it still has a device that was revoked. */
  readonly added: boolean;
}

export interface ReconcileDeps extends Pick<MessagingDeps, "pool" | "now"> {
  /** Changes conversations one at a time. */
  readonly log: Pick<ConversationLog, "change">;
}

/**
 * Like `reconcileDevices`, for use where no server runs. Servers find the appended events by
 * polling.
 */
export const reconcileFromOutside = (
  deps: Pick<MessagingDeps, "pool" | "now">,
  account: { readonly tenant: TenantId; readonly user: UserId },
): Promise<void> =>
  reconcileDevices(
    {
      ...deps,
      log: {
        change: async (tenant, conversation, work) =>
          (await attemptChange(deps, tenant, conversation, work)).answer,
      },
    },
    account,
  );

/**
 * Updates the device lists of a user's conversations to match the user's devices. Each change is an
 * event and a new epoch. Call it after a device was registered or revoked, and when one connects. The
 * periodic task in `keep-reconciled.ts` calls it too, to finish what a crash left undone. A repeat
 * changes nothing. A conversation that fails keeps no other from being updated.
 * @param ending after it aborts, no further conversation is updated
 * @throws the failure, or an AggregateError of several, when all conversations were tried
 */
export async function reconcileDevices(
  deps: ReconcileDeps,
  account: { readonly tenant: TenantId; readonly user: UserId },
  ending?: AbortSignal,
): Promise<void> {
  const { rows } = await batchRead(deps.pool, account.tenant, (client) =>
    client.query<Difference>(DIFFERENCES, [account.user, null]),
  );
  const failures: unknown[] = [];
  for (const conversation of new Set(rows.map((row) => row.conversation))) {
    if (ending?.aborted === true) break;
    await reconcileConversation(deps, account, conversation).catch((error: unknown) => {
      failures.push(error);
    });
  }
  throwAll(failures, "The device lists of some conversations could not be updated.");
}

const reconcileConversation = (
  deps: ReconcileDeps,
  account: { readonly tenant: TenantId; readonly user: UserId },
  conversation: ConversationId,
): Promise<void> =>
  deps.log.change(account.tenant, conversation, async (client, head) => {
    const { rows: now } = await client.query<Difference>(DIFFERENCES, [account.user, conversation]);
    let position = head;
    const events = [];
    const devices = new Set(head?.devices);
    for (const { device, added } of now) {
      if (position === undefined) break;
      // More could not be written to. The device is added when others are removed.
      if (added && devices.size >= MAX_MEMBER_DEVICES) continue;
      if (added) devices.add(device);
      else devices.delete(device);
      const event = await changeDevice(client, position, account, device, added, deps.now());
      events.push(event);
      position = { ...position, ...event, receivedAtMs: event.receivedAtMs };
    }
    return { events, answer: undefined };
  });
