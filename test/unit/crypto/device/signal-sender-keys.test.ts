import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { SenderKeyDistributionMessage, SenderKeyMessage } from "@signalapp/libsignal-client";
import { encodeKeyPacket } from "../../../../crypto/device/suites/signal/key-packet.ts";
import { loadSelf } from "../../../../crypto/device/suites/signal/self.ts";
import { encryptTo } from "../../../../crypto/device/suites/signal/sessions.ts";
import { SenderKeys } from "../../../../crypto/device/suites/signal/staged-stores.ts";
import { Staging } from "../../../../crypto/device/suites/signal/staging.ts";
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
} from "./devices.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import type { ConversationId, DeviceId } from "../../../../crypto/wire/ids.ts";

const iterationOf = (ciphertext: Uint8Array) =>
  SenderKeyMessage.deserialize(Uint8Array.from(ciphertext)).iteration();

describe("a sending key", () => {
  test("carries packets with its first message only, and its id is libsignal's", async () => {
    const [a, b, c] = await newGroup(3);
    const room = newRoom();
    const first = await seal(a, [b!, c!], room);
    const second = await seal(a, [c!, b!], room);
    expect(first.packets.map(({ device }) => device)).toEqual([b!.id, c!.id]);
    expect(second.packets).toEqual([]);
    expect(second.keyId).toBe(first.keyId);
    for (const { ciphertext, keyId } of [first, second])
      expect(SenderKeyMessage.deserialize(Uint8Array.from(ciphertext)).distributionId()).toBe(
        keyId,
      );
    for (const to of [b!, c!])
      for (const sealed of [first, second])
        expect(await open(to, delivery(a, to, room, sealed))).toBe("hello");
  });

  test("is replaced with the epoch, the devices, the limits, a clock that went back, and on request", async () => {
    const [a, b, c] = await newGroup(3, { limits: { maxMessages: 3, maxAgeMs: 1000 } });
    const room = newRoom();
    const keys: string[] = [];
    const sealAt = async (devices = [b!, c!], epoch = 1, at = nowMs) => {
      const { keyId, packets } = await seal(a, devices, { ...room, epoch }, "x", at);
      const fresh = !keys.includes(keyId);
      expect(packets).toHaveLength(fresh ? devices.length : 0);
      if (fresh) keys.push(keyId);
      return fresh;
    };
    expect(await sealAt()).toBe(true);
    expect(await sealAt()).toBe(false);
    expect(await sealAt()).toBe(false);
    expect(await sealAt()).toBe(true); // the fourth message
    expect(await sealAt([b!, c!], 1, nowMs + 999)).toBe(false);
    expect(await sealAt([b!, c!], 1, nowMs + 1000)).toBe(true); // one second old
    expect(await sealAt([b!, c!], 1, nowMs + 999)).toBe(true); // a clock that went back
    expect(await sealAt([b!], 1, nowMs + 999)).toBe(true); // other devices
    expect(await sealAt([b!], 2, nowMs + 999)).toBe(true); // another epoch
    await a.transact((tx) => a.suite.rotate(tx, room.conversation));
    expect(await sealAt([b!], 2, nowMs + 999)).toBe(true);
    const own = await a.store.read((tx) => tx.list("signal!sender-key!"));
    expect(own).toHaveLength(1); // replaced chains are deleted
  });

  test("encrypts 1,000 messages at once without using an iteration twice", async () => {
    const [a, b] = await newGroup(2, { limits: { ...limits, maxMessages: 2000 } });
    const room = newRoom();
    const sealed = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => seal(a, [b!], room, `${index}`)),
    );
    expect(new Set(sealed.map(({ keyId }) => keyId)).size).toBe(1);
    const iterations = sealed.map(({ ciphertext }) => iterationOf(ciphertext));
    expect(new Set(iterations).size).toBe(1000);
    for (const index of [0, 999, 500])
      expect(await open(b!, delivery(a, b!, room, sealed[index]!))).toBe(`${index}`);
  });

  test("is not rolled back by a restart", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const before = await seal(a, [b!], room);
    await a.restart();
    const after = await seal(a, [b!], room);
    expect([before, after].map(({ ciphertext }) => iterationOf(ciphertext))).toEqual([0, 1]);
  });
});

describe("who can open", () => {
  test("a device that is withheld gets an empty packet, although there is a session with it", async () => {
    const [a, b, c] = await newGroup(3);
    const room = newRoom();
    const devices = [b!.id, c!.id];
    const plaintext = new TextEncoder().encode("hello");
    const sealed = await a.transact((tx) =>
      a.suite.seal(tx, { ...room, devices, withheld: [c!.id], plaintext, nowMs }),
    );
    expect(sealed.packets.map(({ device }) => device)).toEqual(devices);
    expect(sealed.packets[1]?.bytes).toHaveLength(0);
    expect(await open(b!, delivery(a, b!, room, sealed))).toBe("hello");
    await expect(open(c!, delivery(a, c!, room, sealed))).rejects.toMatchObject({ code: "no_key" });
  });

  test("a device that is withheld from now on cannot open what follows, although it has the key", async () => {
    const [a, b, c] = await newGroup(3);
    const room = newRoom();
    const devices = [b!.id, c!.id];
    const plaintext = new TextEncoder().encode("hello");
    const sealFor = (withheld: readonly DeviceId[]) =>
      a.transact((tx) => a.suite.seal(tx, { ...room, devices, withheld, plaintext, nowMs }));
    const before = await sealFor([]);
    expect(await open(c!, delivery(a, c!, room, before))).toBe("hello");
    const after = await sealFor([c!.id]);
    expect(await open(b!, delivery(a, b!, room, after))).toBe("hello");
    await expect(open(c!, delivery(a, c!, room, after))).rejects.toMatchObject({ code: "no_key" });
    const again = await sealFor([]);
    for (const to of [b!, c!]) expect(await open(to, delivery(a, to, room, again))).toBe("hello");
  });

  test("a removed device cannot open messages after the rotation", async () => {
    const [a, b, c] = await newGroup(3);
    const room = newRoom();
    const together = await seal(a, [b!, c!], room);
    expect(await open(c!, delivery(a, c!, room, together))).toBe("hello");
    const next = { ...room, epoch: 2 };
    const without = await seal(a, [b!], next);
    await expect(open(c!, delivery(a, c!, next, without))).rejects.toMatchObject({
      code: "no_key",
    });
    const stolen = { ...delivery(a, c!, next, without), packet: without.packets[0]!.bytes };
    await expect(open(c!, stolen)).rejects.toMatchObject({ code: "undecryptable" });
    const relabelled = { ...stolen, keyId: together.keyId, epoch: 1, packet: undefined };
    await expect(open(c!, relabelled)).rejects.toMatchObject({ code: "undecryptable" });
    expect(await open(b!, delivery(a, b!, next, without))).toBe("hello");
  });

  test("a late joiner cannot open earlier messages", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const early = await seal(a, [b!], room, "early");
    const late = await newDevice();
    await connect(a, late);
    const next = { ...room, epoch: 2 };
    const welcome = await seal(a, [b!, late], next, "welcome");
    expect(await open(late, delivery(a, late, next, welcome))).toBe("welcome");
    const request = delivery(a, late, room, early);
    await expect(open(late, request)).rejects.toMatchObject({ code: "no_key" });
    const stolen = { ...request, packet: early.packets[0]!.bytes };
    await expect(open(late, stolen)).rejects.toMatchObject({ code: "undecryptable" });
    const underNewKey = { ...request, ...next, keyId: welcome.keyId };
    await expect(open(late, underNewKey)).rejects.toMatchObject({ code: "undecryptable" });
  });

  test("a member of another conversation opens nothing of what the relay hands on", async () => {
    const [a, b, c] = await newGroup(3);
    const [room, other] = [newRoom(), newRoom()];
    // The same device writes in both.
    const own = await seal(a, [c!], other);
    expect(await open(c!, delivery(a, c!, other, own))).toBe("hello");
    const foreign = await seal(a, [b!], room);
    const handedOn = { ...delivery(a, c!, room, foreign), packet: foreign.packets[0]!.bytes };
    const refused = [
      [handedOn, "undecryptable"],
      [{ ...handedOn, packet: undefined }, "no_key"],
      // As if it belonged to the conversation and key that the device has.
      [{ ...handedOn, ...other }, "undecryptable"],
      [{ ...handedOn, ...other, keyId: own.keyId, packet: undefined }, "undecryptable"],
    ] as const;
    for (const [request, code] of refused)
      await expect(open(c!, request)).rejects.toMatchObject({ code });
    expect(await open(b!, delivery(a, b!, room, foreign))).toBe("hello");
  });
});

describe("delivery", () => {
  test("out of order opens once the packet arrives; a repeat is a duplicate", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const sealed = [await seal(a, [b!], room, "0"), await seal(a, [b!], room, "1")];
    const [first, second] = sealed.map((each) => delivery(a, b!, room, each));
    await expect(open(b!, second!)).rejects.toMatchObject({ code: "no_key" });
    expect(await open(b!, { ...second!, packet: first!.packet })).toBe("1");
    expect(await open(b!, first!)).toBe("0"); // its packet arrives a second time
    await expect(open(b!, first!)).rejects.toMatchObject({ name: "SuiteError", code: "duplicate" });
  });

  test("an old packet under a new key id is a forgery and not a duplicate to skip", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const request = delivery(a, b!, room, await seal(a, [b!], room));
    await open(b!, request);
    const forged = { ...request, keyId: randomUUID() };
    await expect(open(b!, forged)).rejects.toMatchObject({ code: "undecryptable" });
  });

  test("a packet is refused in another conversation, epoch, key, and from another sender", async () => {
    const [a, b] = await newGroup(2);
    const other = await newDevice();
    await connect(other, b!);
    const room = newRoom();
    const request = delivery(a, b!, room, await seal(a, [b!], room));
    for (const change of [
      { conversation: newId<ConversationId>() },
      { epoch: 2 },
      { keyId: randomUUID() },
    ])
      await expect(open(b!, { ...request, ...change })).rejects.toMatchObject({
        code: "undecryptable",
      });
    await expect(open(b!, { ...request, senderDevice: other.id })).rejects.toMatchObject({
      code: "untrusted_identity",
    });
    expect(await open(b!, request)).toBe("hello");
  });

  test("a known key does not open in another conversation or epoch", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    await open(b!, delivery(a, b!, room, await seal(a, [b!], room)));
    const request = delivery(a, b!, room, await seal(a, [b!], room));
    for (const change of [{ conversation: newId<ConversationId>() }, { epoch: 2 }])
      await expect(open(b!, { ...request, ...change })).rejects.toMatchObject({ code: "no_key" });
  });

  test("a message under one key that claims another key is refused", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const first = await seal(a, [b!], room);
    await open(b!, delivery(a, b!, room, first));
    await a.transact((tx) => a.suite.rotate(tx, room.conversation));
    const second = await seal(a, [b!], room);
    const swapped = { ...delivery(a, b!, room, second), ciphertext: first.ciphertext };
    await expect(open(b!, swapped)).rejects.toMatchObject({ code: "undecryptable" });
  });

  test("tampered ciphertexts and packets are refused and damage nothing", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const request = delivery(a, b!, room, await seal(a, [b!], room));
    const packet = request.packet!;
    const bad = [
      // Byte 1 is left out, because libsignal ignores its low half, a version number.
      ...[0, 2, packet.length >> 1, -1].map((at) => ({ packet: tampered(packet, at) })),
      ...[packet.slice(0, 40), Uint8Array.of(9)].map((each) => ({ packet: each })),
      ...[0, 30, -1].map((at) => ({ ciphertext: tampered(request.ciphertext, at) })),
      { ciphertext: new Uint8Array(0) },
      { ciphertext: request.ciphertext.slice(0, -1) },
    ];
    for (const change of bad)
      await expect(open(b!, { ...request, ...change })).rejects.toMatchObject({
        name: "SuiteError",
        code: expect.stringMatching(/^(undecryptable|untrusted_identity)$/),
      });
    // An empty packet says that the sender could not seal the key for this device.
    const empty = { ...request, packet: new Uint8Array(0) };
    await expect(open(b!, empty)).rejects.toMatchObject({ name: "SuiteError", code: "no_key" });
    expect(await open(b!, request)).toBe("hello");
  });

  test("a caller that catches a bad message keeps the key that came with it", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const request = delivery(a, b!, room, await seal(a, [b!], room));
    const bad = { ...request, ciphertext: tampered(request.ciphertext, -1) };
    await b!.transact((tx) => b!.suite.open(tx, bad).catch(() => undefined));
    const next = await seal(a, [b!], room, "still readable");
    expect(await open(b!, delivery(a, b!, room, next))).toBe("still readable");
  });
});

test("a refused packet leaves nothing behind, even when the caller commits", async () => {
  const [a, b] = await newGroup(2);
  const room = newRoom();
  const request = delivery(a, b!, room, await seal(a, [b!], room));
  await b!.transact((tx) => b!.suite.open(tx, { ...request, epoch: 2 }).catch(() => undefined));
  expect(await open(b!, request)).toBe("hello");
});

describe("a dishonest member", () => {
  test("cannot pass off a key under another id than its packet says", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const [said, actual] = [randomUUID(), randomUUID()];
    const packet = await a.transact(async (tx) => {
      const staging = new Staging(tx);
      const self = await loadSelf(staging);
      const store = new SenderKeys(staging, room);
      const distribution = await SenderKeyDistributionMessage.create(self.address, actual, store);
      const content = encodeKeyPacket(room, said, distribution.serialize());
      const bytes = await encryptTo(staging, self, b!.id, content);
      staging.flush();
      return bytes;
    });
    const request = { ...room, senderDevice: a.id, keyId: said, ciphertext: packet, packet, nowMs };
    await expect(open(b!, request)).rejects.toMatchObject({ code: "undecryptable" });
    expect(await b!.store.read((tx) => tx.list("signal!sender-key!"))).toEqual([]);
  });
});
