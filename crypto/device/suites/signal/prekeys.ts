import * as signal from "@signalapp/libsignal-client";
import type { PreKeyUpload, SignedPreKey } from "../../suite.ts";
import { loadSelf, type Self } from "./self.ts";
import { KyberPreKeys, PreKeys, SignedPreKeys } from "./staged-prekeys.ts";
import type { Staging } from "./staging.ts";
import { names } from "./store-names.ts";

/**
 * Makes one-time prekeys of both kinds; the signed and the last-resort one are made with the
 * first call and repeated afterwards. All kinds count their ids up together.
 * @throws SuiteError no_identity
 */
export async function createPreKeys(
  staging: Staging,
  request: { readonly oneTime: number; readonly now: number },
): Promise<PreKeyUpload> {
  const self = await loadSelf(staging);
  const ids = await PreKeyIds.load(staging);
  const longTerm = await longTermPreKeys(staging, self, ids, request.now);
  const preKeys = [];
  const kyberPreKeys = [];
  for (let made = 0; made < request.oneTime; made++) {
    preKeys.push(await makePreKey(new PreKeys(staging), ids.take()));
    const kyber = makeKyberPreKey(self, ids.take(), request.now);
    await new KyberPreKeys(staging).saveKyberPreKey(kyber.id(), kyber);
    kyberPreKeys.push(published(kyber));
  }
  ids.save();
  return { ...longTerm, preKeys, kyberPreKeys };
}

type LongTerm = Pick<PreKeyUpload, "signedPreKey" | "lastResortKyberPreKey">;

async function longTermPreKeys(
  staging: Staging,
  self: Self,
  ids: PreKeyIds,
  now: number,
): Promise<LongTerm> {
  const signedPreKeys = new SignedPreKeys(staging);
  const kyberPreKeys = new KyberPreKeys(staging);
  const made = await staging.get(names.longTermPreKeys);
  if (made !== undefined) {
    const [signedId = 0, lastResortId = 0] = fromUint32s(made);
    return {
      signedPreKey: published(await signedPreKeys.getSignedPreKey(signedId)),
      lastResortKyberPreKey: published(await kyberPreKeys.getKyberPreKey(lastResortId)),
    };
  }
  const signed = makeSignedPreKey(self, ids.take(), now);
  const lastResort = makeKyberPreKey(self, ids.take(), now);
  await signedPreKeys.saveSignedPreKey(signed.id(), signed);
  kyberPreKeys.saveLastResort(lastResort.id(), lastResort);
  staging.put(names.longTermPreKeys, toUint32s(signed.id(), lastResort.id()));
  return { signedPreKey: published(signed), lastResortKyberPreKey: published(lastResort) };
}

async function makePreKey(store: PreKeys, id: number) {
  const key = signal.PrivateKey.generate();
  await store.savePreKey(id, signal.PreKeyRecord.new(id, key.getPublicKey(), key));
  return { id, publicKey: key.getPublicKey().serialize() };
}

function makeSignedPreKey(self: Self, id: number, now: number): signal.SignedPreKeyRecord {
  const key = signal.PrivateKey.generate();
  const publicKey = key.getPublicKey();
  const signature = self.identity.sign(publicKey.serialize());
  return signal.SignedPreKeyRecord.new(id, now, publicKey, key, signature);
}

function makeKyberPreKey(self: Self, id: number, now: number): signal.KyberPreKeyRecord {
  const pair = signal.KEMKeyPair.generate();
  const signature = self.identity.sign(pair.getPublicKey().serialize());
  return signal.KyberPreKeyRecord.new(id, now, pair, signature);
}

const published = (record: signal.SignedPreKeyRecord | signal.KyberPreKeyRecord): SignedPreKey => ({
  id: record.id(),
  publicKey: record.publicKey().serialize(),
  signature: record.signature(),
});

/** Ids from 1, never used again: a used-up id must not come to mean another key. */
class PreKeyIds {
  readonly #staging: Staging;
  #next: number;

  private constructor(staging: Staging, next: number) {
    this.#staging = staging;
    this.#next = next;
  }

  static async load(staging: Staging): Promise<PreKeyIds> {
    const stored = await staging.get(names.nextPreKeyId);
    const [next = 1] = stored === undefined ? [] : fromUint32s(stored);
    return new PreKeyIds(staging, next);
  }

  take(): number {
    return this.#next++;
  }

  save(): void {
    this.#staging.put(names.nextPreKeyId, toUint32s(this.#next));
  }
}

function toUint32s(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return bytes;
}

function fromUint32s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4));
}
