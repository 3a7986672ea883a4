import type { UserId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Api } from "../http/api.ts";
import type { Clock } from "../runtime.ts";
import { confirmRemoval } from "./confirm-removal.ts";
import type { ConversationLog } from "./log.ts";
import { askRemoval, isRecorded, removedMember } from "./removals.ts";

export interface RemoveMemberDeps {
  readonly store: DeviceStore;
  readonly api: Pick<Api, "removeMember">;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "after">;
}

/**
 * Removes a member. Resolves when this device has recorded the event that does it, or with the server's
 * answer if this device is no member.
 * @throws SealdeskError as `Conversation.removeMember`
 */
export async function removeMember(
  { store, api, localClock }: RemoveMemberDeps,
  log: ConversationLog,
  user: UserId,
): Promise<void> {
  // A supervisor who is no member seals nothing and is shown no event.
  if (log.state?.joined !== true) return void (await api.removeMember(log.id, user));
  const name = removedMember(log.id, user);
  const { seq } = await askRemoval(store, name, () => api.removeMember(log.id, user));
  await confirmRemoval(localClock, async (signal) => {
    if (!(await log.until(() => log.cursor >= seq, signal))) return false;
    // The event of the removal ends the record.
    return !(await store.read((transaction) => isRecorded(transaction, name)));
  });
}
