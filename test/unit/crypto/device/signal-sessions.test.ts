import { describe, expect, test } from "@jest/globals";
import { PreKeySignalMessage, SignalMessage } from "@signalapp/libsignal-client";
import { signalSuite } from "../../../../crypto/device/suites/signal/index.ts";
import {
  bundleOf,
  connect,
  delivery,
  limits,
  newBundle,
  newDevice,
  newGroup,
  newRoom,
  nowMs,
  open,
  seal,
  tampered,
  trust,
  type TestDevice,
  utf8,
} from "./devices.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../../crypto/wire/ids.ts";

const establish = async (from: TestDevice, to: TestDevice) => {
  const bundle = await newBundle(to);
  await from.transact((tx) => from.suite.establish(tx, bundle, nowMs));
};
const deleteSessions = (device: TestDevice) =>
  device.transact(async (tx) => {
    for (const [key] of await tx.list("signal!session!")) tx.delete(key);
  });
const prekeyNames = (device: TestDevice) =>
  device.store.read(async (tx) =>
    [...(await tx.list("signal!prekey!")), ...(await tx.list("signal!kyber-prekey!"))].map(
      ([key]) => key,
    ),
  );

describe("an identity", () => {
  test("is made once, and belongs to one device", async () => {
    const device = await newDevice();
    const again = await device.transact((tx) => device.suite.createIdentity(tx, device.id));
    expect(again.identityKey).toEqual(device.identityKey);
    expect(again.registrationId).toBe(device.registrationId);
    await expect(
      device.transact((tx) => device.suite.createIdentity(tx, newId<DeviceId>())),
    ).rejects.toMatchObject({ name: "SuiteError", code: "no_identity" });
  });
});

describe("prekeys", () => {
  test("long-term ones are repeated; ids count up and are never used again", async () => {
    const device = await newDevice();
    const make = (oneTime: number) =>
      device.transact((tx) => device.suite.createPreKeys(tx, { oneTime, nowMs }));
    const first = await make(2);
    await device.restart();
    const second = await make(2);
    expect(second.signedPreKey).toEqual(first.signedPreKey);
    expect(second.lastResortKyberPreKey).toEqual(first.lastResortKyberPreKey);
    const ids = [first, second].flatMap(({ preKeys, kyberPreKeys }) =>
      [...preKeys, ...kyberPreKeys].map(({ id }) => id),
    );
    const all = [first.signedPreKey.id, first.lastResortKyberPreKey.id, ...ids];
    expect(new Set(all).size).toBe(10);
    expect(all.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("one-time ones are removed by their use, together with the saving of the session", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await connect(a, b);
    const room = newRoom();
    const before = await prekeyNames(b);
    await open(b, delivery(a, b, room, await seal(a, [b], room)));
    expect(before).toHaveLength(3);
    expect(await prekeyNames(b)).toHaveLength(1);
  });
});

describe("a crash", () => {
  test("between prekey removal and session save loses nothing: redelivery opens", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await connect(a, b);
    const room = newRoom();
    const request = delivery(a, b, room, await seal(a, [b], room));
    const before = await prekeyNames(b);
    b.level.failNextBatch = true;
    await expect(open(b, request)).rejects.toThrow("disk full");
    const aborted = b.transact(async (tx) => {
      await b.suite.open(tx, request);
      throw new Error("crash");
    });
    await expect(aborted).rejects.toThrow("crash");
    await b.restart();
    expect(await prekeyNames(b)).toEqual(before);
    expect(await open(b, request)).toBe("hello");
  });

  test("while sealing makes the key start again, with its packets", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    a.level.failNextBatch = true;
    await expect(seal(a, [b!], room)).rejects.toThrow("disk full");
    const sealed = await seal(a, [b!], room);
    expect(sealed.packets).toHaveLength(1);
    expect(await open(b!, delivery(a, b!, room, sealed))).toBe("hello");
  });
});

describe("the last-resort Kyber prekey", () => {
  test("refuses a first message that comes again after its session was deleted", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await connect(a, b, { lastResort: true });
    const room = newRoom();
    const request = delivery(a, b, room, await seal(a, [b], room));
    expect(await open(b, request)).toBe("hello");
    await deleteSessions(b);
    await b.transact(async (tx) => {
      for (const [key] of await tx.list("signal!sender-key!")) tx.delete(key);
    });
    await b.restart();
    await expect(open(b, request)).rejects.toMatchObject({
      name: "SuiteError",
      code: "undecryptable",
      message: expect.stringContaining("was repeated"),
    });
  });

  test("serves several peers", async () => {
    const b = await newDevice();
    for (const a of [await newDevice(), await newDevice()]) {
      await connect(a, b, { lastResort: true });
      const room = newRoom();
      expect(await open(b, delivery(a, b, room, await seal(a, [b], room)))).toBe("hello");
    }
  });
});

describe("trust", () => {
  test("a device without a recorded key is neither established with nor opened", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await expect(establish(a, b)).rejects.toMatchObject({
      code: "untrusted_identity",
      devices: [b.id],
    });
    await trust(a, b);
    await establish(a, b);
    const room = newRoom();
    const request = delivery(a, b, room, await seal(a, [b], room));
    await expect(open(b, request)).rejects.toMatchObject({ code: "untrusted_identity" });
    await trust(b, a);
    expect(await open(b, request)).toBe("hello");
  });

  test("another identity key under a known device is refused everywhere", async () => {
    const [a, b] = await newGroup(2);
    const impostor = await newDevice({ id: b!.id });
    await expect(trust(a, impostor)).rejects.toMatchObject({
      code: "untrusted_identity",
      devices: [b!.id],
    });
    await expect(establish(a, impostor)).rejects.toMatchObject({ code: "untrusted_identity" });
  });

  test("a message from an impostor's session is refused by libsignal's own check", async () => {
    const [a, b] = await newGroup(2);
    const impostor = await newDevice({ id: a.id });
    await trust(impostor, b!);
    await establish(impostor, b!);
    const room = newRoom();
    const request = delivery(impostor, b!, room, await seal(impostor, [b!], room));
    await expect(open(b!, request)).rejects.toMatchObject({ code: "untrusted_identity" });
    expect(await open(b!, delivery(a, b!, room, await seal(a, [b!], room)))).toBe("hello");
  });
});

describe("a bundle", () => {
  test("with a damaged key or signature is refused, and leaves no session", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await trust(a, b);
    const bundle = await newBundle(b);
    const { signedPreKey, kyberPreKey } = bundle;
    const bad = [
      { signedPreKey: { ...signedPreKey, signature: tampered(signedPreKey.signature, 5) } },
      { signedPreKey: { ...signedPreKey, publicKey: tampered(signedPreKey.publicKey, 5) } },
      { signedPreKey: { ...signedPreKey, publicKey: new Uint8Array(3) } },
      { kyberPreKey: { ...kyberPreKey, signature: tampered(kyberPreKey.signature, 5) } },
      { kyberPreKey: { ...kyberPreKey, publicKey: new Uint8Array(0) } },
    ];
    for (const change of bad)
      await expect(
        a.transact((tx) => a.suite.establish(tx, { ...bundle, ...change }, nowMs)),
      ).rejects.toMatchObject({ name: "SuiteError", code: "invalid_bundle" });
    expect(await a.transact((tx) => a.suite.withoutSession(tx, [b.id]))).toEqual([b.id]);
  });

  test("without one-time prekeys still starts a session", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await trust(a, b);
    const upload = await b.transact((tx) => b.suite.createPreKeys(tx, { oneTime: 0, nowMs }));
    await a.transact((tx) =>
      a.suite.establish(tx, bundleOf(b, upload, { lastResort: true }), nowMs),
    );
    expect(await a.transact((tx) => a.suite.withoutSession(tx, [b.id]))).toEqual([]);
  });
});

describe("sessions", () => {
  test("missing ones are named, and nothing is written", async () => {
    const [a, b] = await newGroup(2);
    const [c, d] = [await newDevice(), await newDevice()];
    a.level.reset();
    await expect(seal(a, [b!, c, d], newRoom())).rejects.toMatchObject({
      name: "SuiteError",
      code: "no_session",
      devices: [c.id, d.id],
    });
    expect(a.level.batches).toBe(0);
  });

  test("started from both sides at once converge", async () => {
    const [a, b] = [await newDevice(), await newDevice()];
    await connect(a, b);
    await connect(b, a);
    const room = newRoom();
    const [fromA, fromB] = [await seal(a, [b], room, "a"), await seal(b, [a], room, "b")];
    expect(await open(b, delivery(a, b, room, fromA))).toBe("a");
    expect(await open(a, delivery(b, a, room, fromB))).toBe("b");
    for (let epoch = 2; epoch < 6; epoch++) {
      const next = { ...room, epoch };
      expect(await open(b, delivery(a, b, next, await seal(a, [b], next)))).toBe("hello");
      expect(await open(a, delivery(b, a, next, await seal(b, [a], next)))).toBe("hello");
    }
  });

  test("a peer that lost its sessions starts a new one, and both directions work", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    await open(b!, delivery(a, b!, room, await seal(a, [b!], room)));
    await deleteSessions(b!);
    const second = { ...room, epoch: 2 };
    const unreadable = delivery(a, b!, second, await seal(a, [b!], second));
    expect(await b!.transact((tx) => b!.suite.withoutSession(tx, [a.id]))).toEqual([a.id]);
    await establish(b!, a);
    const reply = await seal(b!, [a], second);
    expect(await open(a, delivery(b!, a, second, reply))).toBe("hello");
    const third = { ...room, epoch: 3 };
    expect(await open(b!, delivery(a, b!, third, await seal(a, [b!], third)))).toBe("hello");
    expect(unreadable.packet).toBeDefined();
  });

  test("1,000 packets sealed at once in one session never reuse a ratchet key", async () => {
    const [a, b] = await newGroup(2, { limits: { ...limits, maxMessages: 1 } });
    const room = newRoom();
    const devices = [b!.id];
    const request = { ...room, devices, unrenewed: devices, plaintext: utf8("hello"), nowMs };
    const sealed = await Promise.all(
      Array.from({ length: 1000 }, () => a.transact((tx) => a.suite.seal(tx, request))),
    );
    const counters = sealed.map(({ packets }) => counterOf(packets[0]!.bytes));
    expect(counters).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  test("two seals started in one transaction do not share a ratchet key either", async () => {
    const [a, b] = await newGroup(2);
    const suite = signalSuite({ ...limits, maxMessages: 1 });
    const request = { ...newRoom(), devices: [b!.id], plaintext: new Uint8Array(256), nowMs };
    const sealed = await a.transact((tx) =>
      Promise.all([suite.seal(tx, request), suite.seal(tx, request), suite.seal(tx, request)]),
    );
    expect(sealed.map(({ packets }) => counterOf(packets[0]!.bytes))).toEqual([0, 1, 2]);
  });
});

/** The ratchet counter of a pairwise packet. A first message wraps an ordinary one. */
function counterOf(packet: Uint8Array): number {
  const body = Uint8Array.from(packet.subarray(1));
  if (packet[0] === 2) return SignalMessage.deserialize(body).counter();
  const outer = Buffer.from(PreKeySignalMessage.deserialize(body).serialize()).subarray(1);
  return SignalMessage.deserialize(Uint8Array.from(fieldOf(outer, 4))).counter();
}

/** The bytes of one length-delimited protobuf field. */
function fieldOf(message: Buffer, wanted: number): Buffer {
  let at = 0;
  const varint = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
      shift += 7;
    }
  };
  while (at < message.length) {
    const key = varint();
    const length = varint();
    if ((key & 7) !== 2) continue;
    if (key >> 3 === wanted) return message.subarray(at, at + length);
    at += length;
  }
  throw new Error("no such field");
}
