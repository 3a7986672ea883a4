/**
 * A cipher suite for tests in browsers, which have none yet. It ENCRYPTS NOTHING: what it seals is
 * a copy of the plaintext. Everything around it is the real SDK.
 */
const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const prekeysName = "plain-suite!prekeys";
const encoder = new TextEncoder();

/** Prekeys of the right form. The same ids give the same keys. */
function prekeys(oneTime) {
  const bytes = (length, id) => new Uint8Array(length).fill(id);
  const ec = (id) => ({ id, publicKey: bytes(33, id) });
  const signed = (id, length) => ({
    id,
    publicKey: bytes(length, id),
    signature: bytes(64, id),
  });
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
    return { identityKey: new Uint8Array(33).fill(5), registrationId: 7 };
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
