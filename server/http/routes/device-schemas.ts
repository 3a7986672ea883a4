import { z } from "zod";
import {
  EC_PUBLIC_KEY_BYTES,
  KYBER_PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from "../../../keys/prekeys/prekey.ts";
import type { BodyLimit } from "../bodies/body-limit.ts";
import { bytes, nullableBytes, uuid } from "../json-bytes.ts";
import { role } from "./session-schemas.ts";

/**
 * The use case refuses more than 100 with a code of its own. This bound only limits the work until
 * then.
 */
const MAX_LISTED = 1000;

/** Fits 100 one-time prekeys of each kind, which is all that a device may publish at once. */
export const preKeysLimit: BodyLimit = { bytes: 320 * 1024, withinMs: 20_000 };

const id = z.int().min(0).max(0xffffffff);
// The use case checks lengths and refuses with a code of its own. The codec only bounds them.
const publicKey = bytes(KYBER_PUBLIC_KEY_BYTES + 1, "at most");
const ecPreKey = z.strictObject({ id, publicKey });
const signedPreKey = z.strictObject({ id, publicKey, signature: bytes(SIGNATURE_BYTES) });

export const preKeyUpload = z
  .strictObject({
    signedPreKey,
    lastResortKyberPreKey: signedPreKey,
    preKeys: z.array(ecPreKey).max(MAX_LISTED),
    kyberPreKeys: z.array(signedPreKey).max(MAX_LISTED),
    replace: z.boolean().default(false),
  })
  .meta({
    id: "PreKeyUpload",
    description: `At most 100 one-time prekeys of a kind. Curve25519 keys have ${EC_PUBLIC_KEY_BYTES} bytes, Kyber-1024 keys ${KYBER_PUBLIC_KEY_BYTES}.`,
  });

export const preKeyCount = z
  .strictObject({ preKeys: z.int().min(0), kyberPreKeys: z.int().min(0), highestId: id })
  .meta({
    id: "PreKeyCount",
    description: "One-time prekeys that are left, and the highest id ever published",
  });

export const preKeyBundle = z
  .strictObject({
    device: uuid,
    registrationId: id,
    identityKey: bytes(33),
    signedPreKey,
    preKey: ecPreKey.nullable(),
    kyberPreKey: signedPreKey,
  })
  .meta({ id: "PreKeyBundle" });

export const newDevice = z
  .strictObject({
    id: uuid,
    // libsignal's registration ids have 14 bits.
    registrationId: z.int().min(0).max(0x7fffffff),
    accountKey: bytes(32),
    identityKey: bytes(33),
    receiptKey: bytes(32),
    certificate: bytes(SIGNATURE_BYTES),
    preKeys: preKeyUpload,
  })
  .meta({ id: "NewDevice" });

export const registered = z.strictObject({ device: uuid });

export const account = z
  .strictObject({
    user: uuid,
    role,
    displayName: z.string().nullable(),
    accountKey: nullableBytes(32),
    devices: z.array(
      z.strictObject({
        id: uuid,
        registrationId: z.int(),
        deviceKey: bytes(32),
        identityKey: bytes(33),
        receiptKey: bytes(32),
        certificate: bytes(SIGNATURE_BYTES),
      }),
    ),
  })
  .meta({ id: "Account" });
