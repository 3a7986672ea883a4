import type { ConversationId, MessageId } from "../../crypto/wire/ids.ts";
import { sealMessage, type MessageToSeal } from "../../crypto/device/seal-message.ts";
import type { Signer } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import type { ListFreshness } from "../key-log/list-freshness.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import { lastSeenUpTo } from "./history.ts";
import {
  bodyOf,
  deleteEntry,
  getEntry,
  isOvertaken,
  putEntry,
  withSealing,
  type Sealing,
} from "./outbox.ts";
import { withheldFrom } from "./removals.ts";
import { otherDevices, type ConversationState } from "./state.ts";
import { unopenedToTell } from "./unopened.ts";

interface SealingDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly keyLog: Pick<KeyLog, "headFor">;
  readonly lists: Pick<ListFreshness, "now">;
  readonly conversation: ConversationId;
  readonly account: Pick<Account, "tenant" | "user" | "device">;
  /** Signs messages with the receipt key. */
  readonly sign: Signer;
}

/** Messages that were to be sealed. */
interface SealedEntries {
  readonly made: ReadonlyMap<MessageId, Sealing>;
  /** Those that were not sealed, because somebody came unseen after they had been written. */
  readonly overtaken: readonly MessageId[];
}

/**
 * Seals queued messages in order and stores the sealings in the same transaction. A ratchet step
 * and the bytes that it made are on disk together or not at all.
 * @returns undefined if `current` has no state to seal for; then nothing was sealed
 * @throws SuiteError no_session, stale_session, untrusted_identity
 */
export function sealEntries(
  { store, suite, conversation, account, keyLog, lists, sign }: SealingDeps,
  ids: readonly MessageId[],
  /** Called inside the transaction, so that it returns the newest state. */
  current: () => ConversationState | undefined,
  options: Pick<MessageToSeal, "nowMs" | "without" | "unrenewed">,
): Promise<SealedEntries | undefined> {
  return store.transact(async (transaction) => {
    const state = current();
    if (state === undefined) return undefined;
    const { epoch, arrivedAt } = state;
    const { tenant, user, device: ownDevice } = account;
    const withheld = await withheldFrom(transaction, conversation, state, account, lists.now());
    // The hash of an event that is gone is not known. To claim one would be an alarm for members.
    const lastSeen = state.afterGap
      ? await lastSeenUpTo(transaction, conversation, state.seq)
      : state;
    const unopened = await unopenedToTell(transaction, conversation, lastSeen.seq);
    const keyLogHead = keyLog.headFor(conversation, epoch);
    const made = new Map<MessageId, Sealing>();
    const overtaken: MessageId[] = [];
    for (const id of ids) {
      const entry = await getEntry(transaction, conversation, id);
      if (entry === undefined) continue;
      if (isOvertaken(entry, arrivedAt)) {
        overtaken.push(id);
        continue;
      }
      const { franked, ...sealed } = await sealMessage(transaction, suite, {
        author: { tenant, user, sign },
        conversation,
        senderDevice: ownDevice,
        epoch,
        clientMessageId: id,
        lastSeen: { seq: lastSeen.seq, transcriptHash: lastSeen.transcriptHash },
        keyLogHead,
        unopened,
        body: bodyOf(entry),
        devices: otherDevices(state, ownDevice),
        withheld,
        ...options,
      });
      const sealing = { ...sealed, epoch };
      putEntry(transaction, conversation, id, withSealing(entry, sealing, franked));
      made.set(id, sealing);
    }
    return { made, overtaken };
  });
}

/**
 * Gives queued messages new ids, in order. Forgets how they were sealed, and makes the next sealing use
 * a fresh key.
 * @param ids the new id by the old one
 */
export function renewEntries(
  { store, suite, conversation }: Pick<SealingDeps, "store" | "suite" | "conversation">,
  ids: ReadonlyMap<MessageId, MessageId>,
): Promise<void> {
  return store.transact(async (transaction) => {
    await suite.rotate(transaction, conversation);
    for (const [before, id] of ids) {
      const entry = await getEntry(transaction, conversation, before);
      if (entry === undefined) continue;
      deleteEntry(transaction, conversation, before);
      putEntry(transaction, conversation, id, {
        ...entry,
        sealing: undefined,
        sealed: [],
        franked: [],
      });
    }
  });
}

/** Forgets how messages were sealed, and makes the next sealing use a fresh key. */
export function unsealEntries(
  { store, suite, conversation }: Pick<SealingDeps, "store" | "suite" | "conversation">,
  ids: readonly MessageId[],
): Promise<void> {
  return store.transact(async (transaction) => {
    await suite.rotate(transaction, conversation);
    for (const id of ids) {
      const entry = await getEntry(transaction, conversation, id);
      if (entry !== undefined)
        putEntry(transaction, conversation, id, { ...entry, sealing: undefined });
    }
  });
}
