import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";

/** A libsignal identity key, and its signatures. */
export interface TestIdentity {
  /** 33 bytes: the type and the X25519 key. */
  readonly identityKey: Buffer;
  sign(message: Uint8Array): Buffer;
}

/** Returns an identity key whose signatures (XEdDSA) the server accepts. */
export function testIdentity(): TestIdentity {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  const edwards = Buffer.from(x, "base64url");
  return {
    identityKey: Buffer.concat([Buffer.of(0x05), montgomeryKeyOf(privateKey)]),
    sign: (message) => xeddsa(message, privateKey, edwards),
  };
}

// The bytes before the 32 bytes of an X25519 private key in PKCS #8: RFC 8410 section 7.
const pkcs8Prefix = Buffer.from("302e020100300506032b656e04220420", "hex");

/** Returns the X25519 key with the same scalar, RFC 8032 section 5.1.5. */
function montgomeryKeyOf(privateKey: KeyObject): Buffer {
  const { d = "" } = privateKey.export({ format: "jwk" });
  const scalar = hash("sha512", Buffer.from(d, "base64url"), "buffer").subarray(0, 32);
  const key = Buffer.concat([pkcs8Prefix, scalar]);
  const publicKey = createPublicKey(createPrivateKey({ key, format: "der", type: "pkcs8" }));
  return Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
}

/** XEdDSA keeps the sign of the Edwards key in the signature's top bit. */
function xeddsa(message: Uint8Array, privateKey: KeyObject, edwards: Buffer): Buffer {
  const signature = sign(null, message, privateKey);
  signature[63] = (signature[63] ?? 0) | ((edwards[31] ?? 0) & 0x80);
  return signature;
}

/** Creates prekeys of the right form. The keys are random, so they start no session. */
export function testPreKeys(
  identity: TestIdentity,
  { ids, signedId }: { readonly ids: readonly number[]; readonly signedId: number },
) {
  const base64url = (bytes: Buffer) => bytes.toString("base64url");
  const key = (type: number, length: number) =>
    Buffer.concat([Buffer.of(type), randomBytes(length)]);
  const ec = (id: number) => ({ id, publicKey: key(0x05, 32) });
  const kyber = (id: number) => ({ id, publicKey: key(0x08, 1568) });
  const plain = ({ id, publicKey }: ReturnType<typeof ec>) => ({
    id,
    publicKey: base64url(publicKey),
  });
  const signed = (preKey: ReturnType<typeof ec>) => ({
    ...plain(preKey),
    signature: base64url(identity.sign(preKey.publicKey)),
  });
  return {
    signedPreKey: signed(ec(signedId)),
    lastResortKyberPreKey: signed(kyber(signedId)),
    preKeys: ids.map(ec).map(plain),
    kyberPreKeys: ids.map(kyber).map(signed),
  };
}
