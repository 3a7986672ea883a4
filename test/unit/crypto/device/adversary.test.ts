/** Members and relays that break the protocol, with libsignal itself as their tool. */
import { createCipheriv, createHmac, hkdfSync, randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import {
  PrivateKey,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
} from "@signalapp/libsignal-client";
import { admitDevice, knownAccountKey } from "../../../../crypto/device/admit-device.ts";
import { signMessage } from "../../../../crypto/device/authorship.ts";
import { commit } from "../../../../crypto/device/franking.ts";
import { generateSigningKey } from "../../../../crypto/device/sodium.ts";
import {
  certifyDevice,
  createIdentityKey,
  verifyDevice,
  type CertifiedDevice,
} from "../../../../crypto/device/identity.ts";
import { openMessage } from "../../../../crypto/device/open-message.ts";
import { pad } from "../../../../crypto/device/padding.ts";
import { encodePayload } from "../../../../crypto/wire/payload.ts";
import { sealMessage } from "../../../../crypto/device/seal-message.ts";
import { encodeKeyPacket } from "../../../../crypto/device/suites/signal/key-packet.ts";
import { loadSelf } from "../../../../crypto/device/suites/signal/self.ts";
import { encryptTo } from "../../../../crypto/device/suites/signal/sessions.ts";
import { SenderKeys } from "../../../../crypto/device/suites/signal/staged-stores.ts";
import { Staging } from "../../../../crypto/device/suites/signal/staging.ts";
import { zeroHash } from "../../../../crypto/wire/event.ts";
import type { TenantId, UserId, MessageId } from "../../../../crypto/wire/ids.ts";
import { wireLimits } from "../../../../crypto/wire/frame.ts";
import {
  connect,
  delivery,
  limits,
  newDevice,
  newGroup,
  newRoom,
  nowMs,
  open,
  seal,
  tampered,
  trust,
  utf8,
  type Room,
  type TestDevice,
} from "./devices.ts";
import { newId } from "../../../../tools/testkit/ids.ts";

/** A packet with any content, from a member that does not use this code. */
const packetOf = (from: TestDevice, to: TestDevice, content: Uint8Array) =>
  from.transact(async (tx) => {
    const staging = new Staging(tx);
    const bytes = await encryptTo(staging, await loadSelf(staging), to.id, content);
    staging.flush();
    return bytes;
  });

interface Chain {
  readonly chainKey: Uint8Array<ArrayBuffer>;
  readonly iteration: number;
  readonly signing: PrivateKey;
}

// The members with an underscore are libsignal's, for its own tests. Nothing else can forge
// messages.
/* oxlint-disable no-underscore-dangle */
const distributionOf = (keyId: string, { chainKey, iteration, signing }: Chain) =>
  SenderKeyDistributionMessage._new(3, keyId, 1, iteration, chainKey, signing.getPublicKey());

/** How libsignal encrypts in a chain: AES-256-CBC under keys of HKDF(HMAC(chain key, 1)). */
function cbc({ chainKey }: Chain, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  const seed = createHmac("sha256", chainKey).update(Uint8Array.of(1)).digest();
  const keys = Buffer.from(hkdfSync("sha256", seed, new Uint8Array(0), "WhisperGroup", 48));
  const cipher = createCipheriv("aes-256-cbc", keys.subarray(16), keys.subarray(0, 16));
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final()]));
}

const stepped = (chainKey: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createHmac("sha256", chainKey).update(Uint8Array.of(2)).digest());

const newChain = (fill: number, iteration = 0): Chain => ({
  chainKey: new Uint8Array(32).fill(fill),
  iteration,
  signing: PrivateKey.generate(),
});

const request = async (
  from: TestDevice,
  to: TestDevice,
  room: Room,
  chain: Chain,
  ciphertext: Uint8Array<ArrayBuffer>,
  iteration = chain.iteration,
) => {
  const keyId = randomUUID();
  const content = encodeKeyPacket(room, keyId, distributionOf(keyId, chain).serialize());
  const message = SenderKeyMessage._new(3, keyId, 1, iteration, ciphertext, chain.signing);
  return {
    ...room,
    senderDevice: from.id,
    keyId,
    ciphertext: message.serialize(),
    nowMs,
    packet: await packetOf(from, to, content),
  };
};

describe("a device", () => {
  test("does not open its own messages, even when it was told to trust itself", async () => {
    const [a, b] = await newGroup(2);
    await trust(a, a);
    const room = newRoom();
    const own = delivery(a, a, room, await seal(a, [b!], room));
    for (const packet of [undefined, new Uint8Array(50)])
      await expect(open(a, { ...own, packet })).rejects.toMatchObject({
        name: "SuiteError",
        code: "undecryptable",
      });
    const next = await seal(a, [b!], room, "the chain goes on");
    expect(next.keyId).toBe(own.keyId);
  });
});

describe("a member's own chain", () => {
  test("a hand-made ciphertext equals libsignal's, so the tests below attack the real thing", async () => {
    const [a, b] = await newGroup(2);
    const chain = newChain(1);
    expect(await open(b!, await request(a, b!, newRoom(), chain, cbc(chain, utf8("hi"))))).toBe(
      "hi",
    );
  });

  test("given to two devices under one id shows only one text: CBC does not commit, the commitment does", async () => {
    const [a, b, c] = await newGroup(3);
    const room = newRoom();
    const forB = newChain(1);
    const forC = { ...newChain(2), signing: forB.signing };
    const payload = {
      ...room,
      senderDevice: a.id,
      clientMessageId: newId<MessageId>(),
      lastSeen: { seq: 0, transcriptHash: zeroHash },
    };
    const frankingKey = new Uint8Array(32).fill(7);
    const encode = (text: string) => encodePayload({ ...payload, body: { kind: "text", text } });
    const commitment = commit(frankingKey, encode("for B"));
    const signature = await signMessage(payload, commitment, a.author);
    const context = { clientMessageId: payload.clientMessageId, commitment };
    const sealedFor = async (to: TestDevice, chain: Chain, text: string) => ({
      ...(await request(
        a,
        to,
        room,
        chain,
        cbc(chain, pad({ frankingKey, signature, payload: encode(text) })),
      )),
      ...context,
    });
    const toB = await sealedFor(b!, forB, "for B");
    const opened = await b!.transact((tx) => openMessage(tx, b!.suite, toB, a.author));
    expect(opened.body).toEqual({ kind: "text", text: "for B" });
    // Carol gets another text under the commitment that the relay keeps.
    const toC = await sealedFor(c!, forC, "for C");
    await expect(
      c!.transact((tx) => openMessage(tx, c!.suite, toC, a.author)),
    ).rejects.toMatchObject({
      code: "commitment_mismatch",
    });
  });

  test.each([
    ["at its last iteration", 0xffffffff, 0xffffffff],
    ["far ahead of its start", 0, 0xffffffff],
    ["30,000 messages ahead", 0, 30_000],
    ["as far ahead as libsignal allows", 0, 25_000],
    ["one message beyond the limit of a key", 0, limits.maxMessages],
    ["at the limit from its start on", limits.maxMessages, limits.maxMessages],
    ["behind its start", 5, 4],
  ])("that is %s is an error and neither a crash nor a long wait", async (_, start, iteration) => {
    const [a, b] = await newGroup(2);
    const chain = newChain(1, start);
    const bad = await request(a, b!, newRoom(), chain, cbc(chain, utf8("x")), iteration);
    const before = process.cpuUsage();
    await expect(open(b!, bad)).rejects.toMatchObject({
      name: "SuiteError",
      code: iteration < start ? "duplicate" : "undecryptable",
    });
    // CPU time, so that a busy machine does not count.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
    const room = newRoom();
    expect(await open(b!, delivery(a, b!, room, await seal(a, [b!], room)))).toBe("hello");
  });

  test("costs a receiver no more than the message keys of one sending key", async () => {
    const [a, b] = await newGroup(2);
    const last = limits.maxMessages - 1;
    const start = newChain(1);
    let chain = start;
    for (let at = 0; at < last; at++) chain = { ...chain, chainKey: stepped(chain.chainKey) };
    const bad = await request(a, b!, newRoom(), start, cbc(chain, utf8("the last one")), last);
    expect(await open(b!, bad)).toBe("the last one");
    const [[, record] = []] = await b!.store.read((tx) => tx.list("signal!sender-key!"));
    expect(record?.length).toBeLessThan(50 * limits.maxMessages);
  });

  test("serves as many messages as the relay allows, if the device was told so", async () => {
    const [a, b] = await newGroup(2);
    const start = newChain(1);
    const next = { ...start, chainKey: stepped(start.chainKey) };
    const bad = await request(a, b!, newRoom(), start, cbc(next, utf8("second")), 1);
    await expect(open(b!, { ...bad, keyMaxMessages: 1 })).rejects.toMatchObject({
      code: "undecryptable",
    });
    expect(await open(b!, { ...bad, keyMaxMessages: 2 })).toBe("second");
  });

  test("carries no ciphertext that is larger than a message may be", async () => {
    const [a, b] = await newGroup(2);
    const chain = newChain(1);
    const text = utf8("x".repeat(wireLimits.ciphertext));
    const bad = await request(a, b!, newRoom(), chain, cbc(chain, text));
    await expect(open(b!, bad)).rejects.toMatchObject({ code: "undecryptable" });
  });
});

describe("another member's key", () => {
  test("handed on by a member as her own does not make her its author", async () => {
    const [mallory, alice, bob] = [await newDevice(), await newDevice(), await newDevice()];
    for (const device of [mallory, bob]) await connect(alice, device);
    await connect(mallory, bob);
    const room = newRoom();
    const payload = {
      ...room,
      senderDevice: alice.id,
      clientMessageId: newId<MessageId>(),
      lastSeen: { seq: 0, transcriptHash: zeroHash },
      body: { kind: "text", text: "from Alice" },
    } as const;
    const { clientMessageId } = payload;
    const { author } = alice;
    const message = { ...payload, author, devices: [mallory.id, bob.id], nowMs };
    // Alice's chain as her packet tells it to every member, including Mallory.
    const { sealed, distribution } = await alice.transact(async (tx) => {
      const first = await alice.suite.seal(tx, { ...message, plaintext: new Uint8Array(256) });
      const keys = new SenderKeys(new Staging(tx), room);
      const { address } = await loadSelf(new Staging(tx));
      return {
        distribution: await SenderKeyDistributionMessage.create(address, first.keyId, keys),
        sealed: { ...(await sealMessage(tx, alice.suite, message)), packets: first.packets },
      };
    });
    const content = encodeKeyPacket(room, sealed.keyId, distribution.serialize());
    const { commitment } = sealed;
    const honest = { ...delivery(alice, bob, room, sealed), clientMessageId, commitment };
    const packet = await packetOf(mallory, bob, content);
    const receive = (each: typeof honest) =>
      bob.transact((tx) => openMessage(tx, bob.suite, each, author));
    await expect(receive({ ...honest, packet })).rejects.toMatchObject({ name: "SuiteError" });
    await expect(receive({ ...honest, senderDevice: mallory.id, packet })).rejects.toMatchObject({
      name: "DeviceError",
      code: "context_mismatch",
      fields: ["senderDevice"],
    });
    expect((await receive(honest)).body).toEqual({ kind: "text", text: "from Alice" });
  });

  test("cannot be replaced by a second packet for a key that is known", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const sealed = await seal(a, [b!], room);
    await open(b!, delivery(a, b!, room, sealed));
    const content = encodeKeyPacket(
      room,
      sealed.keyId,
      distributionOf(sealed.keyId, newChain(9)).serialize(),
    );
    const packet = await packetOf(a, b!, content);
    const next = await seal(a, [b!], room, "still the first key");
    expect(await open(b!, { ...delivery(a, b!, room, next), packet })).toBe("still the first key");
  });
});

describe("a packet", () => {
  test("with malformed content is refused, and its prekeys are not used up", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const keyId = randomUUID();
    const good = encodeKeyPacket(room, keyId, distributionOf(keyId, newChain(1)).serialize());
    const contents = [
      new Uint8Array(0),
      good.slice(0, 36),
      good.slice(0, 37),
      good.slice(0, -1),
      tampered(good, 0),
      encodeKeyPacket(room, keyId, utf8("not a distribution")),
    ];
    for (const content of contents) {
      const packet = await packetOf(a, b!, content);
      const ciphertext = new Uint8Array(9);
      const bad = { ...room, senderDevice: a.id, keyId, ciphertext, packet, nowMs };
      await b!.transact((tx) =>
        expect(b!.suite.open(tx, bad)).rejects.toMatchObject({
          name: "SuiteError",
          code: "undecryptable",
        }),
      );
    }
    expect(await b!.store.read((tx) => tx.list("signal!session!"))).toEqual([]);
    expect(await b!.store.read((tx) => tx.list("signal!prekey!"))).toHaveLength(1);
    expect(await open(b!, delivery(a, b!, room, await seal(a, [b!], room)))).toBe("hello");
  });
});

describe("a lying directory", () => {
  const certify = (device: TestDevice, user: UserId): Promise<CertifiedDevice> =>
    device.transact(async (tx) =>
      certifyDevice(tx, {
        tenant: newId<TenantId>(),
        user,
        device: device.id,
        accountKey: generateSigningKey().publicKey,
        deviceKey: await createIdentityKey(tx, "device"),
        identityKey: device.identityKey,
        receiptKey: await createIdentityKey(tx, "receipt"),
      }),
    );
  const admit = (me: TestDevice, device: CertifiedDevice) =>
    me.transact((tx) => admitDevice(tx, me.suite, device));

  test.each(["tenant", "user", "device"] as const)(
    "is refused with an error of this layer if %s is no identifier",
    async (field) => {
      const [me, peer] = [await newDevice(), await newDevice()];
      const certified = await certify(peer, newId<UserId>());
      for (const value of ["", "\u00e9", "A".repeat(36), `${randomUUID()}!`]) {
        const bad = { ...certified, record: { ...certified.record, [field]: value } };
        const refused = { name: "DeviceError", code: "invalid_device_record" };
        await expect(admit(me, bad)).rejects.toMatchObject(refused);
        expect(() => verifyDevice(bad, certified.record.accountKey)).toThrow(
          expect.objectContaining(refused),
        );
      }
    },
  );

  test("raises no alarm about a new account key that certified nothing", async () => {
    const [me, peer, stranger] = [await newDevice(), await newDevice(), await newDevice()];
    const user = newId<UserId>();
    const certified = await certify(peer, user);
    await admit(me, certified);
    const other = await certify(stranger, user);
    const forged = { ...other, signature: tampered(other.signature, 3) };
    await expect(admit(me, forged)).rejects.toMatchObject({ code: "invalid_device_record" });
    await expect(admit(me, other)).rejects.toMatchObject({ code: "account_key_changed" });
  });

  test("cannot put one user's device under another's account once it is known", async () => {
    const [me, alice] = [await newDevice(), await newDevice()];
    const impostor = await newDevice({ id: alice.id });
    await admit(me, await certify(alice, newId<UserId>()));
    const mallory = newId<UserId>();
    await expect(admit(me, await certify(impostor, mallory))).rejects.toMatchObject({
      code: "invalid_device_record",
    });
    expect(await me.store.read((tx) => knownAccountKey(tx, mallory))).toBeUndefined();
    // The same device keys under a second account. A device has one owner.
    await expect(admit(me, await certify(alice, mallory))).rejects.toMatchObject({
      name: "DeviceError",
      code: "invalid_device_record",
    });
  });

  test.each([0, 32, 34])("cannot pin an identity key of %i bytes", async (length) => {
    const [me, peer] = [await newDevice(), await newDevice()];
    const bad = await certify(
      { ...peer, identityKey: new Uint8Array(length).fill(5) },
      newId<UserId>(),
    )
      .then((certified) => admit(me, certified))
      .catch((error: unknown) => error);
    expect(bad).toMatchObject({ name: "DeviceError", code: "invalid_device_record" });
  });
});
