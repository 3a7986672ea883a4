import { copyOf } from "../../../wire/bytes.ts";
import {
  decode,
  encode,
  list,
  message,
  nested,
  uint,
  type MessageOf,
} from "../../../wire/protobuf.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/**
 * The time for which prekeys are kept after their replacement, for first messages that arrive late.
 */
const keepRetiredMs = 30 * 86_400_000;

/** Record: the ids of the retired prekeys, and when each pair was retired. */
const retiredPreKeys = message({
  keys: [
    1,
    list(
      nested(message({ signed: [1, uint()], lastResort: [2, uint()], retiredAtMs: [3, uint()] })),
      10_000,
    ),
  ],
});
type Retired = MessageOf<typeof retiredPreKeys>["keys"][number];

/** Returns the retired prekeys whose private keys are still stored. */
export async function loadRetired(staging: Staging): Promise<readonly Retired[]> {
  const record = await staging.get(names.retiredPreKeys);
  return record === undefined ? [] : decode(retiredPreKeys, record).keys;
}

const saveRetired = (staging: Staging, keys: readonly Retired[]): void =>
  staging.put(names.retiredPreKeys, copyOf(encode(retiredPreKeys, { keys })));

/** Notes that a signed and a last-resort prekey are no longer offered. Their private keys stay. */
export async function retire(staging: Staging, retired: Retired): Promise<void> {
  saveRetired(staging, [...(await loadRetired(staging)), retired]);
}

/**
 * Deletes the private keys that were retired more than 30 days ago. With a last-resort key, it also
 * deletes the record of its uses. Without the key, no first message to it opens, repeated or not.
 */
export async function deleteExpired(staging: Staging, nowMs: number): Promise<void> {
  const retired = await loadRetired(staging);
  const kept: Retired[] = [];
  for (const key of retired) {
    // The clock was ahead when it was retired. Count from now, or it would be kept forever.
    const retiredAtMs = Math.min(key.retiredAtMs, nowMs);
    if (nowMs - retiredAtMs > keepRetiredMs) await deleteKeys(staging, key);
    else kept.push({ ...key, retiredAtMs });
  }
  const changed = kept.some((key, index) => key.retiredAtMs !== retired[index]?.retiredAtMs);
  if (changed || kept.length < retired.length) saveRetired(staging, kept);
}

async function deleteKeys(staging: Staging, key: Retired): Promise<void> {
  staging.delete(names.signedPreKey(key.signed));
  staging.delete(names.kyberPreKey(key.lastResort));
  for (const use of await staging.namesUnder(names.kyberPreKeyUses(key.lastResort)))
    staging.delete(use);
}
