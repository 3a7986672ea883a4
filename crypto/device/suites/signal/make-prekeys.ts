import * as signal from "@signalapp/libsignal-client";
import type { SignedPreKey } from "../../suite.ts";
import type { Self } from "./self.ts";

export function makePreKey(id: number): signal.PreKeyRecord {
  const key = signal.PrivateKey.generate();
  return signal.PreKeyRecord.new(id, key.getPublicKey(), key);
}

/** @param nowMs the time of creation, in milliseconds since the Unix epoch; the record stores it */
export function makeSignedPreKey(self: Self, id: number, nowMs: number): signal.SignedPreKeyRecord {
  const key = signal.PrivateKey.generate();
  const publicKey = key.getPublicKey();
  const signature = self.identity.sign(publicKey.serialize());
  return signal.SignedPreKeyRecord.new(id, nowMs, publicKey, key, signature);
}

/** @param nowMs as for `makeSignedPreKey` */
export function makeKyberPreKey(self: Self, id: number, nowMs: number): signal.KyberPreKeyRecord {
  const pair = signal.KEMKeyPair.generate();
  const signature = self.identity.sign(pair.getPublicKey().serialize());
  return signal.KyberPreKeyRecord.new(id, nowMs, pair, signature);
}

/** Returns the part of a signed prekey that is uploaded. */
export const published = (
  record: signal.SignedPreKeyRecord | signal.KyberPreKeyRecord,
): SignedPreKey => ({
  id: record.id(),
  publicKey: record.publicKey().serialize(),
  signature: record.signature(),
});
