import type { PreKeyUpload } from "../../suite.ts";
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
import { makeKyberPreKey, makeSignedPreKey, published } from "./make-prekeys.ts";
import type { PreKeyIds } from "./prekey-ids.ts";
import type { Self } from "./self.ts";
import { KyberPreKeys, SignedPreKeys } from "./staged-prekeys.ts";
import type { Staging } from "./staging.ts";
import { names, prefixes } from "./store-names.ts";

const dayMs = 86_400_000;
/**
 * The time for which a signed and a last-resort prekey are offered. A thief of the keys can open
 * the messages that they open.
 */
const renewAfterMs = 7 * dayMs;
/**
 * The time for which they are kept after their replacement, for first messages that arrive late.
 */
const keepRetiredMs = 30 * dayMs;

type LongTerm = Pick<PreKeyUpload, "signedPreKey" | "lastResortKyberPreKey">;

/**
 * Returns the signed and the last-resort prekey on offer. The first call makes them. With `renew`,
 * a call after seven days makes new ones and retires the old ones.
 */
export async function longTermPreKeys(
  staging: Staging,
  self: Self,
  ids: PreKeyIds,
  { now, renew }: { readonly now: number; readonly renew: boolean },
): Promise<LongTerm> {
  const current = await loadCurrent(staging);
  if (current === undefined) return makeLongTerm(staging, self, ids, now);
  const signed = await new SignedPreKeys(staging).getSignedPreKey(current.signed);
  const age = now - signed.timestamp();
  // The age is unknown if the clock was set back. The key must not stay on offer for years.
  if (renew && (age > renewAfterMs || age < 0)) {
    await retire(staging, { ...current, retiredAt: now });
    return makeLongTerm(staging, self, ids, now);
  }
  const lastResort = await new KyberPreKeys(staging).getKyberPreKey(current.lastResort);
  return { signedPreKey: published(signed), lastResortKyberPreKey: published(lastResort) };
}

async function makeLongTerm(
  staging: Staging,
  self: Self,
  ids: PreKeyIds,
  now: number,
): Promise<LongTerm> {
  const signed = makeSignedPreKey(self, ids.take(), now);
  const lastResort = makeKyberPreKey(self, ids.take(), now);
  await new SignedPreKeys(staging).saveSignedPreKey(signed.id(), signed);
  new KyberPreKeys(staging).saveLastResort(lastResort.id(), lastResort);
  const record = new Uint8Array(8);
  const view = new DataView(record.buffer);
  view.setUint32(0, signed.id());
  view.setUint32(4, lastResort.id());
  staging.put(names.longTermPreKeys, record);
  return { signedPreKey: published(signed), lastResortKyberPreKey: published(lastResort) };
}

/**
 * Retires the signed and the last-resort prekey on offer, whatever their age. The next call of
 * `longTermPreKeys` makes new ones.
 */
export async function retireLongTerm(staging: Staging, now: number): Promise<void> {
  const current = await loadCurrent(staging);
  if (current !== undefined) await retire(staging, { ...current, retiredAt: now });
  staging.delete(names.longTermPreKeys);
}

/** Returns the ids of all last-resort prekeys that are stored, both on offer and retired. */
export async function lastResortIds(staging: Staging): Promise<ReadonlySet<number>> {
  const current = await loadCurrent(staging);
  const ids = (await loadRetired(staging)).map(({ lastResort }) => lastResort);
  return new Set(current === undefined ? ids : [...ids, current.lastResort]);
}

/** Record: id of the signed prekey, u32 || id of the last-resort one, u32. */
async function loadCurrent(staging: Staging) {
  const record = await staging.get(names.longTermPreKeys);
  if (record === undefined) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  return { signed: view.getUint32(0), lastResort: view.getUint32(4) };
}

const retiredPreKeys = message({
  keys: [
    1,
    list(
      nested(message({ signed: [1, uint()], lastResort: [2, uint()], retiredAt: [3, uint()] })),
      10_000,
    ),
  ],
});
type Retired = MessageOf<typeof retiredPreKeys>["keys"][number];

async function loadRetired(staging: Staging): Promise<readonly Retired[]> {
  const record = await staging.get(names.retiredPreKeys);
  return record === undefined ? [] : decode(retiredPreKeys, record).keys;
}

const saveRetired = (staging: Staging, keys: readonly Retired[]): void =>
  staging.put(names.retiredPreKeys, copyOf(encode(retiredPreKeys, { keys })));

async function retire(staging: Staging, retired: Retired): Promise<void> {
  saveRetired(staging, [...(await loadRetired(staging)), retired]);
}

/**
 * Deletes the private keys that were retired more than 30 days ago. With a last-resort key, it also
 * deletes the record of its uses. Without the key, no first message to it opens, repeated or not.
 */
export async function deleteExpired(staging: Staging, now: number): Promise<void> {
  const retired = await loadRetired(staging);
  const kept: Retired[] = [];
  for (const key of retired) {
    // The clock was ahead when it was retired. Count from now, or it would be kept forever.
    const retiredAt = Math.min(key.retiredAt, now);
    if (now - retiredAt > keepRetiredMs) await deleteKeys(staging, key);
    else kept.push({ ...key, retiredAt });
  }
  const changed = kept.some((key, index) => key.retiredAt !== retired[index]?.retiredAt);
  if (changed || kept.length < retired.length) saveRetired(staging, kept);
  await deleteFormerSessions(staging, now);
}

/** Deletes former sessions after the time for which retired prekeys are kept. */
async function deleteFormerSessions(staging: Staging, now: number): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.formerSession)) {
    const [, , , since] = name.split("!");
    if (now - Number(since) > keepRetiredMs) staging.delete(name);
  }
}

async function deleteKeys(staging: Staging, key: Retired): Promise<void> {
  staging.delete(names.signedPreKey(key.signed));
  staging.delete(names.kyberPreKey(key.lastResort));
  for (const use of await staging.namesUnder(names.kyberPreKeyUses(key.lastResort)))
    staging.delete(use);
}
