import type { UserId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { act, type ActDeps } from "../receipts/act.ts";
import { confirmRemoval } from "./confirm-removal.ts";
import type { ConversationLog } from "./log.ts";
import { askRemoval, isRecorded, removedMember } from "./removals.ts";

export interface RemoveMemberDeps extends ActDeps {
  readonly store: DeviceStore;
}

/**
 * Removes a member. Resolves when this device has recorded the event that does it, or with the server's
 * answer if this device is no member.
 * @throws SealdeskError as `Conversation.removeMember`
 */
export async function removeMember(
  deps: RemoveMemberDeps,
  log: ConversationLog,
  user: UserId,
): Promise<void> {
  const { store, localClock } = deps;
  const remove = () => act(deps, log, "member_removed", user);
  // A supervisor who is no member seals nothing and is shown no event.
  if (log.state?.joined !== true) return void (await remove());
  const name = removedMember(log.id, user);
  const { seq } = await askRemoval(store, name, remove);
  await confirmRemoval(localClock, async (signal) => {
    if (!(await log.until(() => log.cursor >= seq, signal))) return false;
    // The event of the removal ends the record.
    return !(await store.read((transaction) => isRecorded(transaction, name)));
  });
}
