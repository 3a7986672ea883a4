import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { ConversationState, UnacceptedKey } from "./state.ts";

/**
 * Returns the account keys that a person must accept after an event. An event that makes this device a
 * member has a list of its own, so earlier acts do not matter any more.
 * @param key the account key under which the event was signed, if this device does not trust it
 */
export function unacceptedAfter(
  { unaccepted }: Pick<ConversationState, "unaccepted">,
  key: UnacceptedKey | undefined,
  enters: boolean,
): readonly UnacceptedKey[] {
  const before = enters ? [] : unaccepted;
  const isKnown = (each: UnacceptedKey) =>
    each.user === key?.user && equalBytes(each.accountKey, key.accountKey);
  return key === undefined || before.some(isKnown) ? before : [...before, key];
}
