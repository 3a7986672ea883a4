import { ed25519 } from "@noble/curves/ed25519.js";

/**
 * A cipher suite for tests in browsers, which have none yet. It ENCRYPTS NOTHING: what it seals is
 * a copy of the plaintext. Everything around it is the real SDK.
 */
const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const prekeysName = "plain-suite!prekeys";
const encoder = new TextEncoder();

/** One identity for all devices. Nobody checks it against anything. */
const secret = new Uint8Array(32).fill(7);
const edwards = ed25519.getPublicKey(secret);
const key = (type, bytes) => Uint8Array.of(type, ...bytes);
const identityKey = key(0x05, ed25519.utils.toMontgomery(edwards));

/** XEdDSA keeps the sign of the Edwards key in the signature's top bit. */
function sign(message) {
  const signature = ed25519.sign(message, secret);
  signature[63] |= edwards[31] & 0x80;
  return signature;
}

/** Prekeys that the server accepts. The same ids give the same keys. */
function prekeys(oneTime) {
  const bytes = (length, id) => new Uint8Array(length).fill(id);
  const ec = (id) => ({ id, publicKey: key(0x05, bytes(32, id)) });
  const signed = (id, length) => {
    const publicKey = length === 33 ? ec(id).publicKey : key(0x08, bytes(1568, id));
    return { id, publicKey, signature: sign(publicKey) };
  };
  const ids = Array.from({ length: oneTime }, (_, index) => index + 1);
  return {
    signedPreKey: signed(1, 33),
    lastResortKyberPreKey: signed(1, 1569),
    preKeys: ids.map(ec),
    kyberPreKeys: ids.map((id) => signed(id, 1569)),
  };
}

export const plainSuite = () => ({
  name: "signal-v1",
  async createIdentity() {
    return { identityKey, registrationId: 7 };
  },
  async createPreKeys(transaction, { oneTime }) {
    const isFirst = (await transaction.get(prekeysName)) === undefined;
    transaction.put(prekeysName, encoder.encode("made"));
    return prekeys(isFirst ? Math.min(oneTime, 100) : 0);
  },
  async trust() {},
  async withoutSession() {
    return [];
  },
  async establish() {},
  async seal(_transaction, { devices, plaintext }) {
    const packets = devices.map((device) => ({ device, bytes: random(8) }));
    return { keyId: crypto.randomUUID(), ciphertext: plaintext.slice(), packets };
  },
  async open(_transaction, { ciphertext }) {
    return ciphertext.slice();
  },
  async sealTo(_transaction, { devices, plaintext }) {
    return devices.map((device) => ({ device, bytes: plaintext.slice() }));
  },
  async openFrom(_transaction, { packet }) {
    return packet.slice();
  },
  async rotate() {},
  async replaceKeys(_transaction, { oneTime }) {
    return prekeys(oneTime);
  },
});
