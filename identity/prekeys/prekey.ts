import { hash } from "node:crypto";
import { concat } from "../../crypto/wire/bytes.ts";
import { ecKeyBytes, kyberKeyBytes } from "../../crypto/wire/key-sizes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { IdentityError } from "../identity-error.ts";
import { EC_KEY_TYPE, xEdDsaVerifier } from "./xeddsa.ts";

/** The first byte of a serialised Kyber-1024 key. */
const KYBER_KEY_TYPE = 0x08;
/** Most one-time prekeys of one kind that a device may have stored. */
export const MAX_UNUSED_PREKEYS = 500;
/** Most one-time prekeys of one kind in one upload. */
const MAX_PREKEYS_PER_UPLOAD = 100;

export interface PreKey {
  readonly id: number;
  readonly publicKey: Uint8Array;
}
export interface SignedPreKey extends PreKey {
  readonly signature: Uint8Array;
}

/** A device's upload of prekeys. The lists of one-time prekeys may be empty. */
export interface PreKeyUpload {
  readonly signedPreKey: SignedPreKey;
  readonly lastResortKyberPreKey: SignedPreKey;
  readonly preKeys: readonly PreKey[];
  readonly kyberPreKeys: readonly SignedPreKey[];
  /** True: unused one-time prekeys of earlier uploads are no longer handed out. */
  readonly replace: boolean;
}

/**
 * The keys that start one session with one device, with at most one one-time prekey of each kind.
 */
export interface PreKeyBundle {
  readonly device: DeviceId;
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: SignedPreKey;
  readonly preKey: PreKey | undefined;
  /** A one-time prekey, or the last-resort one when none is left. */
  readonly kyberPreKey: SignedPreKey;
}

/** The number of one-time prekeys that are left. Zero is stated, not left out. */
export interface PreKeyCount {
  readonly preKeys: number;
  readonly kyberPreKeys: number;
  /** The highest id of any prekey that the device has ever published; 0 for none. */
  readonly highestId: number;
}

/**
 * Requires that the keys have the right form and that the identity key signed them. No other device
 * can send message keys to a device with unusable prekeys.
 * @throws IdentityError invalid_prekey, too_many_prekeys, prekey_id_reused (twice in one upload)
 */
export function assertUpload(upload: PreKeyUpload, identityKey: Uint8Array): void {
  const { signedPreKey, lastResortKyberPreKey, preKeys, kyberPreKeys } = upload;
  const ec = [signedPreKey, ...preKeys];
  const kyber = [lastResortKyberPreKey, ...kyberPreKeys];
  for (const preKey of ec) assertKeyForm(preKey, EC_KEY_TYPE, ecKeyBytes);
  for (const preKey of kyber) assertKeyForm(preKey, KYBER_KEY_TYPE, kyberKeyBytes);
  for (const list of [upload.preKeys, upload.kyberPreKeys]) {
    if (list.length > MAX_PREKEYS_PER_UPLOAD)
      throw new IdentityError(
        "too_many_prekeys",
        `An upload holds at most ${MAX_PREKEYS_PER_UPLOAD} one-time prekeys of a kind.`,
      );
    if (new Set(list.map(({ id }) => id)).size !== list.length) throw reused();
  }
  const verify = xEdDsaVerifier(identityKey);
  for (const { publicKey, signature } of [signedPreKey, ...kyber])
    if (!verify(publicKey, signature))
      throw new IdentityError("invalid_prekey", "The device's identity key did not sign a prekey.");
}

function assertKeyForm({ publicKey }: PreKey, type: number, bytes: number): void {
  if (publicKey.length !== bytes || publicKey[0] !== type)
    throw new IdentityError("invalid_prekey", "A prekey has a wrong type or length.");
}

/** Tells two prekeys with one id apart, even after the key itself was handed out and removed. */
export const preKeyDigest = (preKey: PreKey | SignedPreKey): Uint8Array =>
  hash(
    "sha256",
    "signature" in preKey ? concat(preKey.publicKey, preKey.signature) : preKey.publicKey,
    "buffer",
  );

export const reused = (): IdentityError =>
  new IdentityError("prekey_id_reused", "A prekey id was used before for another key.");
