import { expect, test } from "@jest/globals";
import { connect, delivery, newBundle, newDevice, newRoom, nowMs, open, seal } from "./devices.ts";
import type { ConversationId } from "../../../../crypto/wire/ids.ts";

const replace = (device: Awaited<ReturnType<typeof newDevice>>, highestId = 0) =>
  device.transact((tx) => device.suite.replaceKeys(tx, { highestId, oneTime: 2, nowMs }));
const rotate = (device: Awaited<ReturnType<typeof newDevice>>, conversation: ConversationId) =>
  device.transact((tx) => device.suite.rotate(tx, conversation));

test("a former session opens what comes in it, and is not sent in even then", async () => {
  const restored = await newDevice();
  const peer = await newDevice();
  await connect(restored, peer);
  const room = newRoom();
  const first = await seal(restored, [peer], room, "first");
  await open(peer, delivery(restored, peer, room, first));
  // The peer answers in the same session twice; it does not know yet that keys were replaced.
  const answer = await seal(peer, [restored], room, "answer");
  await open(restored, delivery(peer, restored, room, answer));
  await replace(restored);
  await rotate(peer, room.conversation);
  const late = await seal(peer, [restored], room, "late");
  expect(await open(restored, delivery(peer, restored, room, late))).toBe("late");

  await expect(seal(restored, [peer], room, "next")).rejects.toMatchObject({
    code: "no_session",
    devices: [peer.id],
  });
  const bundle = await newBundle(peer);
  await restored.transact((tx) => restored.suite.establish(tx, bundle, nowMs));
  const next = await seal(restored, [peer], room, "next");
  expect(next.keyId).not.toBe(first.keyId);
  expect(await open(peer, delivery(restored, peer, room, next))).toBe("next");
  await rotate(peer, room.conversation);
  const further = await seal(peer, [restored], room, "further");
  expect(await open(restored, delivery(peer, restored, room, further))).toBe("further");
});

test("keys that are replaced again do not lose the sessions from before the first time", async () => {
  const restored = await newDevice();
  const peer = await newDevice();
  await connect(restored, peer);
  const room = newRoom();
  await open(peer, delivery(restored, peer, room, await seal(restored, [peer], room, "first")));
  // Sealed in the oldest session, and delivered last.
  const late = await seal(peer, [restored], room, "late");
  await replace(restored);
  const bundle = await newBundle(peer);
  await restored.transact((tx) => restored.suite.establish(tx, bundle, nowMs));
  await seal(restored, [peer], room, "second");
  await replace(restored);
  expect(await open(restored, delivery(peer, restored, room, late))).toBe("late");
});

test("one-time prekeys go, long-term ones are retired, and ids go on after those in use", async () => {
  const device = await newDevice();
  const before = await device.transact((tx) =>
    device.suite.createPreKeys(tx, { oneTime: 2, nowMs }),
  );
  const after = await replace(device, 500);
  expect(after.signedPreKey.id).toBe(501);
  const names = await device.store.read(async (tx) =>
    [...(await tx.list("signal!prekey!")), ...(await tx.list("signal!kyber-prekey!"))].map(
      ([name]) => Number(name.split("!")[2]),
    ),
  );
  const made = [...after.preKeys, ...after.kyberPreKeys, after.lastResortKyberPreKey];
  expect(new Set(names)).toEqual(
    new Set([before.lastResortKyberPreKey.id, ...made.map(({ id }) => id)]),
  );
});

test("a server that claims all ids does not use them up", async () => {
  const device = await newDevice();
  const upload = await replace(device, 0xffffffff);
  expect(upload.signedPreKey.id).toBeLessThan(100_000);
});
