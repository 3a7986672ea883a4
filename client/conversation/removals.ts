import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { parseId, type ConversationId, type DeviceId, type UserId } from "../../crypto/wire/ids.ts";
import { isMembershipKind } from "../../crypto/wire/receipt-checks.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { removal, removedAmong, removedFromAmong } from "../device/removed-devices.ts";
import { SealdeskError, type SealdeskErrorCode } from "../errors.ts";
import { isUnconfirmed, loadSeenList } from "../key-log/seen-lists.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { Self } from "./history.ts";
import { withheldAmong, type ConversationState } from "./state.ts";

// The removals that this device asked the server for. Whatever the server answers and shows, this
// device seals nothing for these devices and members any more.

const memberPrefix = "removed-member!";

/**
 * Returns the name of the record that a user was to be removed from a conversation. It stays until an
 * event shows that the user left, or adds the user anew.
 */
export const removedMember = (conversation: ConversationId, user: UserId): string =>
  `${memberPrefix}${conversation}!${user}`;

export const isRecorded = async (transaction: ReadTransaction, name: string): Promise<boolean> =>
  (await transaction.get(name)) !== undefined;

/**
 * Records a removal and then asks the server for it. If the outcome is unknown, the record stays. It is
 * taken back only if the server refuses this removal and accepted none before.
 * @throws what `request` throws
 */
export async function askRemoval<T>(
  store: DeviceStore,
  name: string,
  request: () => Promise<T>,
): Promise<T> {
  await store.transact(async (transaction) => {
    if (!(await isRecorded(transaction, name)))
      transaction.put(name, encodeRecord(removal, { accepted: 0, readAfterHello: undefined }));
  });
  try {
    const answer = await request();
    await store.transact(async (transaction) => {
      // The event may have come before the answer, and ended the removal of a member.
      const record = await transaction.get(name);
      if (record !== undefined)
        transaction.put(
          name,
          encodeRecord(removal, { ...decodeRecord(removal, record), accepted: 1 }),
        );
    });
    return answer;
  } catch (error) {
    if (isRefusal(error)) await store.transact((transaction) => takeBack(transaction, name));
    throw error;
  }
}

const refusals = new Set<SealdeskErrorCode>([
  "forbidden",
  "no_device",
  "device_not_found",
  "member_not_found",
  "conversation_not_found",
]);

/** Returns whether the server refused the act itself, and not only for now. */
const isRefusal = (error: unknown): boolean =>
  error instanceof SealdeskError && refusals.has(error.code);

async function takeBack(transaction: StoreTransaction, name: string): Promise<void> {
  const value = await transaction.get(name);
  if (value !== undefined && decodeRecord(removal, value).accepted === 0) transaction.delete(name);
}

/**
 * Ends the removals of members that an event completes. Call it in the transaction of a membership
 * event that was accepted.
 */
export async function endRemovals(
  transaction: StoreTransaction,
  conversation: ConversationId,
  kind: Deliver["kind"],
  { members, subject }: Pick<Control, "members" | "subject">,
): Promise<void> {
  // Nobody signs the list of any other event. After a gap it may leave out whomever the relay likes.
  if (!isMembershipKind(kind)) return;
  for (const user of await removedMembers(transaction, conversation)) {
    const isMember = members.some((member) => member.user === user);
    const isBack = kind === "member_added" && subject === user;
    if (!isMember || isBack) transaction.delete(removedMember(conversation, user));
  }
}

/**
 * Returns the devices in a conversation that nothing may be sealed for: those that were removed, those of
 * members that were removed, and those that no valid list of their account names (R27).
 * @param nowMs see `ListFreshness.now`
 */
export async function withheldFrom(
  transaction: ReadTransaction,
  conversation: ConversationId,
  state: Pick<ConversationState, "members" | "withheld" | "withheldMembers" | "uncertified">,
  { user: self, device: ownDevice }: Self,
  nowMs: number,
): Promise<readonly DeviceId[]> {
  const listed = state.members.flatMap((member) => member.devices);
  const devices = [
    ...(await removedAmong(transaction, listed)),
    ...(await removedFromAmong(transaction, conversation, listed)),
  ];
  const users = [...(await removedMembers(transaction, conversation))];
  for (const { user, role } of state.members)
    // This device renews the list of its own account.
    if (user !== self && isUnconfirmed(await loadSeenList(transaction, user), role, nowMs))
      users.push(user);
  const all = {
    withheld: [...state.withheld, ...devices],
    withheldMembers: [...state.withheldMembers, ...users, ...state.uncertified],
  };
  return withheldAmong(state.members, all, ownDevice).withheld;
}

async function removedMembers(
  transaction: ReadTransaction,
  conversation: ConversationId,
): Promise<readonly UserId[]> {
  const prefix = `${memberPrefix}${conversation}!`;
  const entries = await transaction.list(prefix);
  return entries.map(([name]) => parseId<UserId>(name.slice(prefix.length)));
}
