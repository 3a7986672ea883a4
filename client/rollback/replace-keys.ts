import type { DeviceId, ConversationId, NewId, MessageId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import { readHistory } from "../conversation/history.ts";
import { putEntry, unsealAll, unsealedEntry } from "../conversation/outbox.ts";
import { publishedDigest, publishedPreKeys, savePublished } from "../device/published-keys.ts";
import type { Api } from "../http/api.ts";
import { sleep, type Clock } from "../runtime.ts";
import { recoveryWaitMs } from "./limit.ts";
import type { Range } from "./record.ts";
import type { Rollback } from "./rollback.ts";

export interface ReplaceKeysDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly api: Pick<Api, "countPreKeys" | "uploadPreKeys">;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
  readonly newId: NewId;
  readonly rollback: Rollback;
  /** The id of this device. */
  readonly device: DeviceId;
  /** Aborts when the connection is closed permanently. */
  readonly signal: AbortSignal;
  /** The conversations whose members are told: those that this device can write in. */
  readonly open: () => readonly ConversationId[];
}

/** A message that tells the members of a conversation. */
export interface Notice {
  readonly conversation: ConversationId;
  readonly id: MessageId;
}

/**
 * Replaces the keys of a store that is an older copy. Call it after everything that the store
 * missed was read with the old keys, and before anything is sent. After a crash it starts again
 * from the beginning.
 * @returns the notices that are now in the outbox
 * @throws SealdeskError the server's errors
 */
export async function replaceKeys(deps: ReplaceKeysDeps): Promise<readonly Notice[]> {
  const { store, suite, api, localClock, rollback, device, signal } = deps;
  await sleep(localClock, recoveryWaitMs(rollback.recoveries, localClock.now()), signal);
  const { highestId } = await api.countPreKeys();
  const { upload, digest } = await store.transact(async (transaction) => {
    // The old keys seal nothing from here on.
    const nowMs = localClock.now();
    const made = await suite.replaceKeys(transaction, {
      highestId,
      oneTime: publishedPreKeys,
      nowMs,
    });
    await unsealAll(transaction);
    const { identityKey } = await suite.createIdentity(transaction, device);
    return { upload: made, digest: publishedDigest(identityKey, made) };
  });
  await api.uploadPreKeys(upload, true);
  const { notices, committed } = await store.transact(async (transaction) => {
    savePublished(transaction, digest);
    const lost = await lostIn(transaction, rollback.ranges);
    return {
      notices: queueNotices(deps, transaction, lost),
      committed: rollback.finished(transaction, sum(lost.values()), localClock.now()),
    };
  });
  committed();
  return notices;
}

function queueNotices(
  { open, newId }: ReplaceKeysDeps,
  transaction: StoreTransaction,
  lost: ReadonlyMap<ConversationId, number>,
): readonly Notice[] {
  return open().map((conversation) => {
    const id = newId<MessageId>();
    const restored = { lost: lost.get(conversation) ?? 0 };
    putEntry(transaction, conversation, id, unsealedEntry({ restored }, 0));
    return { conversation, id };
  });
}

const pageSize = 256;

/** Returns, for each conversation, how many messages of the ranges could not be opened. */
async function lostIn(
  transaction: StoreTransaction,
  ranges: readonly Range[],
): Promise<ReadonlyMap<ConversationId, number>> {
  const lost = new Map<ConversationId, number>();
  for (const { conversation, after, to } of ranges) {
    let count = 0;
    for (let at = after; at < to;) {
      const page = await readHistory(transaction, conversation, at, pageSize);
      for (const [seq, { problems }] of page)
        if (seq <= to && problems.some(({ code }) => code === "lost_in_rollback")) count++;
      at = page.at(-1)?.[0] ?? to;
    }
    lost.set(conversation, count);
  }
  return lost;
}

const sum = (numbers: Iterable<number>): number =>
  [...numbers].reduce((total, number) => total + number, 0);
