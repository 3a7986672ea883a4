import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Deliver } from "../../crypto/wire/frame.ts";
import type { ConversationState, UnacceptedAct, UnacceptedKey } from "./state.ts";

/**
 * Returns the account keys that a person must accept after an event. If a member adds this device's user anew, the
 * acts before do not matter any more: that member has signed the list. Nobody signs `device_added`. After a restore
 * of the server the log has earlier events again, which end nothing that this device saw after them.
 * @param key the account key under which the event was signed, if this device does not trust it
 */
export function unacceptedAfter(
  { unaccepted }: Pick<ConversationState, "unaccepted">,
  { kind, seq }: Pick<Deliver, "kind" | "seq">,
  key: UnacceptedKey | undefined,
  enters: boolean,
): readonly UnacceptedAct[] {
  const isAnew = enters && kind !== "device_added";
  const before = unaccepted.filter((each) => !isAnew || each.seq >= seq);
  if (key === undefined) return before;
  const isSame = (each: UnacceptedKey) =>
    each.user === key.user && equalBytes(each.accountKey, key.accountKey);
  const last = Math.max(seq, before.find(isSame)?.seq ?? 0);
  return [...before.filter((each) => !isSame(each)), { ...key, seq: last }];
}
