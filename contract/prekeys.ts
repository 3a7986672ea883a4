import * as z from "zod/mini";
import { ecKeyBytes, kyberKeyBytes, signatureBytes } from "../crypto/wire/key-sizes.ts";
import { documentation } from "./documentation.ts";
import { bytes, count, deviceId } from "./values.ts";

/**
 * The use case refuses more than 100 with a code of its own. This bound only limits the work until
 * then.
 */
const maxListed = 1000;

const keyId = z.int().check(z.minimum(0), z.maximum(0xffffffff));
// The use case checks lengths and refuses with a code of its own. The codec only bounds them.
const ecPreKey = { id: keyId, publicKey: bytes(kyberKeyBytes + 1, "at most") };
const signedPreKey = { ...ecPreKey, signature: bytes(signatureBytes) };

export const newPreKeys = z
  .strictObject({
    signedPreKey: z.strictObject(signedPreKey),
    lastResortKyberPreKey: z.strictObject(signedPreKey),
    preKeys: z.array(z.strictObject(ecPreKey)).check(z.maxLength(maxListed)),
    kyberPreKeys: z.array(z.strictObject(signedPreKey)).check(z.maxLength(maxListed)),
    replace: z._default(z.boolean(), false),
  })
  .register(documentation, {
    id: "PreKeyUpload",
    description: `At most 100 one-time prekeys of a kind. Curve25519 keys have ${ecKeyBytes} bytes, Kyber-1024 keys ${kyberKeyBytes}.`,
  });

export const preKeyDigest = z.strictObject({ digest: bytes(32) });

export const preKeyCount = z
  .object({ preKeys: count, kyberPreKeys: count, highestId: keyId })
  .register(documentation, {
    id: "PreKeyCount",
    description: "One-time prekeys that are left, and the highest id ever published",
  });

export const preKeyBundle = z
  .object({
    device: deviceId,
    registrationId: keyId,
    identityKey: bytes(ecKeyBytes),
    signedPreKey: z.object(signedPreKey),
    preKey: z.nullable(z.object(ecPreKey)),
    kyberPreKey: z.object(signedPreKey),
  })
  .register(documentation, { id: "PreKeyBundle" });
