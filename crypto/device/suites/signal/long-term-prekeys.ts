import type { PreKeyUpload } from "../../suite.ts";
import { makeKyberPreKey, makeSignedPreKey, published } from "./make-prekeys.ts";
import type { PreKeyIds } from "./prekey-ids.ts";
import { loadRetired, retire } from "./retired-prekeys.ts";
import type { Self } from "./self.ts";
import { KyberPreKeys, SignedPreKeys } from "./staged-prekeys.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/**
 * The time for which a signed and a last-resort prekey are offered. A thief of the keys can open
 * the messages that they open. With the hour between two looks, it is half a day. With the half day
 * after which peers renew their sessions, a copy of the store opens nothing new after a day.
 */
const renewAfterMs = 11 * 3_600_000;
type LongTerm = Pick<PreKeyUpload, "signedPreKey" | "lastResortKyberPreKey">;

/**
 * Returns the signed and the last-resort prekey on offer. The first call makes them. With `renew`, a
 * call makes new ones and retires the old ones.
 */
export async function longTermPreKeys(
  staging: Staging,
  self: Self,
  ids: PreKeyIds,
  { nowMs, renew }: { readonly nowMs: number; readonly renew: boolean },
): Promise<LongTerm> {
  const current = await loadCurrent(staging);
  if (current === undefined) return makeLongTerm(staging, self, ids, nowMs);
  const signed = await new SignedPreKeys(staging).getSignedPreKey(current.signed);
  if (renew) {
    await retire(staging, { ...current, retiredAtMs: nowMs });
    return makeLongTerm(staging, self, ids, nowMs);
  }
  const lastResort = await new KyberPreKeys(staging).getKyberPreKey(current.lastResort);
  return { signedPreKey: published(signed), lastResortKyberPreKey: published(lastResort) };
}

/** Returns whether the signed and the last-resort prekey were on offer for long enough, or are missing. */
export async function isRenewalDue(staging: Staging, nowMs: number): Promise<boolean> {
  const current = await loadCurrent(staging);
  if (current === undefined) return true;
  const signed = await new SignedPreKeys(staging).getSignedPreKey(current.signed);
  const ageMs = nowMs - signed.timestamp();
  // The age is unknown if the clock was set back. The key must not stay on offer for years.
  return ageMs > renewAfterMs || ageMs < 0;
}

/**
 * Returns whether a signed prekey is on offer or was the last one on offer. A first message to an older
 * one was delayed for half a day at least.
 */
export async function isRecent(staging: Staging, signedPreKey: number): Promise<boolean> {
  const current = await loadCurrent(staging);
  const last = (await loadRetired(staging)).at(-1);
  return signedPreKey === current?.signed || signedPreKey === last?.signed;
}

async function makeLongTerm(
  staging: Staging,
  self: Self,
  ids: PreKeyIds,
  nowMs: number,
): Promise<LongTerm> {
  const signed = makeSignedPreKey(self, ids.take(), nowMs);
  const lastResort = makeKyberPreKey(self, ids.take(), nowMs);
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
export async function retireLongTerm(staging: Staging, nowMs: number): Promise<void> {
  const current = await loadCurrent(staging);
  if (current !== undefined) await retire(staging, { ...current, retiredAtMs: nowMs });
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
