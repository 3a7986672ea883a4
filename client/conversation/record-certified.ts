import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { FoundStaff, Staff } from "../device/staff.ts";
import { saveState, type ConversationState } from "./state.ts";

/**
 * Stores that members of a conversation are certified now. The next message is sealed for them, too.
 * @returns the state after it
 */
export const recordCertified = (
  { store, staff }: { readonly store: DeviceStore; readonly staff: Pick<Staff, "admit"> },
  conversation: ConversationId,
  state: ConversationState,
  found: readonly FoundStaff[],
): Promise<ConversationState> =>
  store.transact(async (transaction) => {
    const certified = await staff.admit(transaction, found);
    const uncertified = state.uncertified.filter((user) => !certified.has(user));
    const after = { ...state, uncertified };
    saveState(transaction, conversation, after);
    return after;
  });

/**
 * Stores that a member's certificate counts no more, because the account is about to have another key.
 * @returns the state after it
 */
export const recordUncertified = (
  { store, staff }: { readonly store: DeviceStore; readonly staff: Pick<Staff, "forget"> },
  conversation: ConversationId,
  state: ConversationState,
  user: UserId,
): Promise<ConversationState> =>
  store.transact(async (transaction) => {
    staff.forget(transaction, user);
    const uncertified = [...new Set([...state.uncertified, user])];
    const after = { ...state, uncertified };
    saveState(transaction, conversation, after);
    return after;
  });
