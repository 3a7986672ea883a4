import { equalBytes } from "../../crypto/wire/bytes.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Trust } from "../device/trust.ts";
import { SealdeskError } from "../errors.ts";
import { keysUntil } from "../key-log/key-history.ts";
import type { ConversationLog } from "./log.ts";
import { saveState, type StateChange, type UnacceptedAct } from "./state.ts";
import { unacceptedActs } from "./unaccepted-acts.ts";

export interface AcceptMembersDeps {
  readonly store: DeviceStore;
  readonly trust: Pick<Trust, "hasAccepted" | "historyOf">;
  /** Changes the conversation's state between two events. */
  readonly changeState: (change: StateChange) => Promise<void>;
}

/**
 * Accepts the members and the state of a conversation, although somebody changed them under account keys that nobody
 * can compare any more (R26): the account was reset again, and a person has accepted a later key.
 * @param seq the last event that the person was shown. What came later is not accepted
 * @throws SealdeskError untrusted_member: a key is the account's present one, which a person can compare
 */
export async function acceptMembers(
  deps: AcceptMembersDeps,
  log: ConversationLog,
  seq: number,
): Promise<void> {
  const shown = unacceptedActs(deps, log).filter((act) => act.seq <= seq);
  for (const act of shown)
    if (!(await isReplaced(deps, act)))
      throw new SealdeskError(
        "untrusted_member",
        "Compare the safety number of this user first, and accept their account key.",
        { user: act.user },
      );
  const isShown = ({ user, accountKey, seq: last }: UnacceptedAct) =>
    last <= seq && shown.some((act) => act.user === user && equalBytes(act.accountKey, accountKey));
  await deps.changeState((state) =>
    deps.store.transact((transaction) => {
      const unaccepted = state.unaccepted.filter((act) => !isShown(act));
      const after = { ...state, unaccepted };
      saveState(transaction, log.id, after);
      return Promise.resolve(after);
    }),
  );
}

/** Returns whether the account has another key since, and a person has accepted that one. */
async function isReplaced(
  { store, trust }: Pick<AcceptMembersDeps, "store" | "trust">,
  { user, accountKey }: UnacceptedAct,
): Promise<boolean> {
  const history = await trust.historyOf(user);
  const trusted = await store.read((transaction) => knownAccountKey(transaction, user));
  if (trusted === undefined || equalBytes(trusted, accountKey)) return false;
  return keysUntil(history, trusted).some((key) => equalBytes(key, accountKey));
}
