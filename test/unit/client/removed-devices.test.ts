/**
 * What an event says of a removed device counts in that conversation, and nowhere else. What the key log says
 * counts everywhere, for what happened after it.
 */
import { expect, test } from "@jest/globals";
import { withheldFrom } from "../../../client/conversation/removals.ts";
import {
  noteCaughtUp,
  noteRemoved,
  noteRemovedFrom,
  removedAmong,
  removedFromAmong,
} from "../../../client/device/removed-devices.ts";
import { noteList } from "../../../client/key-log/seen-lists.ts";
import { generateSigningKey } from "../../../crypto/device/sodium.ts";
import type { ConversationId, DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account, conversation, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";

const user = newId<UserId>();
const [kept, removed] = [newId<DeviceId>(), newId<DeviceId>()];
const agent = (...devices: DeviceId[]) => ({ user, role: "agent", devices: devices.toSorted() });

/** A conversation with an agent, from which an event removed one of the agent's devices. */
async function withRemoved() {
  const device = await setUp();
  const relay = new LogDouble();
  device.receiver.deliver(relay.created());
  device.receiver.deliver(relay.changed("member_added", user, [agent(kept, removed)], 2));
  device.receiver.deliver(relay.changed("device_removed", user, [agent(kept)], 3));
  await device.wait();
  expect(device.log.state).toMatchObject({ seq: 3, malformed: false });
  return { ...device, relay };
}

/** A conversation to which an event brings a device that the key log says was removed from its account. */
async function withRemovedElsewhere({ hasCaughtUp }: { readonly hasCaughtUp: boolean }) {
  const device = await setUp();
  const relay = new LogDouble();
  await device.store.transact(async (each) => {
    await noteRemoved(each, [removed]);
    if (hasCaughtUp) noteCaughtUp(each, conversation, 1);
    else noteCaughtUp(each, newId<ConversationId>(), 1);
  });
  const { privateKey, publicKey: receiptKey } = generateSigningKey();
  device.known.set(removed, { user, deviceKey: new Uint8Array(32), receiptKey });
  const members = [agent(kept, removed)];
  device.receiver.deliver(relay.created());
  device.receiver.deliver(relay.changed("member_added", user, members, 2));
  const close = async () => {
    device.receiver.deliver(relay.closedBy({ user, device: removed, privateKey }, members, 2));
    await device.wait();
  };
  return { ...device, relay, close };
}

test("a device that its account removed comes into no conversation, says nothing and does nothing (R13, R14, R15)", async () => {
  const { relay, receiver, queue, close, items, log } = await withRemovedElsewhere({
    hasCaughtUp: true,
  });
  const [, sealing] = await queue("forged");
  const sealed = { ...sealing, epoch: 2 };
  receiver.deliver(relay.message(newId(), sealed, { senderDevice: removed }));
  await close();
  expect((await items()).slice(1)).toMatchObject([
    { kind: "member_added" },
    { kind: "problem", code: "invalid_device_record", user },
    { kind: "problem", code: "untrusted_sender" },
    { kind: "problem", code: "invalid_receipt" },
  ]);
  expect(log.state?.closed).toBe(false);
});

test("what may have happened before the removal counts", async () => {
  const { close, items, log } = await withRemovedElsewhere({ hasCaughtUp: false });
  await close();
  expect((await items()).slice(1)).toMatchObject([{ kind: "member_added" }, { kind: "closed" }]);
  expect(log.state?.closed).toBe(true);
});

/** A conversation from which the device was removed, and an event lists the removed device again. */
async function withListedAgain() {
  const device = await withRemoved();
  const { privateKey, publicKey: receiptKey } = generateSigningKey();
  device.known.set(removed, { user, deviceKey: new Uint8Array(32), receiptKey });
  const members = [agent(kept, removed)];
  device.receiver.deliver(device.relay.changed("device_added", user, members, 4));
  await device.wait();
  return { ...device, members, thief: { user, device: removed, privateKey } };
}

test("a list that has the device again shows a problem (R13)", async () => {
  const { items } = await withListedAgain();
  expect((await items()).slice(3)).toMatchObject([
    { kind: "device_added", seq: 4 },
    { kind: "problem", code: "invalid_device_record", user, seq: 4 },
  ]);
});

test("the device does not speak for its owner when it is listed again (R15)", async () => {
  const { relay, receiver, queue, items, wait } = await withListedAgain();
  const [, sealing] = await queue("forged");
  const sealed = { ...sealing, epoch: 4 };
  receiver.deliver(relay.message(newId(), sealed, { senderDevice: removed }));
  await wait();
  expect((await items()).at(-1)).toMatchObject({ kind: "problem", code: "untrusted_sender" });
});

test("the device does not act for its owner when it is listed again (R14)", async () => {
  const { relay, receiver, thief, members, log, items, wait } = await withListedAgain();
  receiver.deliver(relay.closedBy(thief, members, 4));
  await wait();
  expect((await items()).at(-1)).toMatchObject({ kind: "problem", code: "invalid_receipt" });
  expect(log.state).toMatchObject({ seq: 5, closed: false });
});

test("nothing is sealed for the device in that conversation, if it is listed again", async () => {
  const { store, log } = await withRemoved();
  const members = [agent(kept, removed)];
  const trusted = { accountKey: new Uint8Array(32), version: 1, issuedAtMs: 0, validUntilMs: 1 };
  await store.transact((each) => noteList(each, user, trusted, 0));
  const withheld = (id: ConversationId) =>
    store.read((each) => withheldFrom(each, id, { ...log.state!, members }, account, 0));
  expect(await withheld(conversation)).toEqual([removed]);
  // Nobody signs the event. So a relay silences the device in no other conversation.
  expect(await withheld(newId<ConversationId>())).toEqual([]);
});

test("the account goes on signing lists with the device, until the key log says it was removed", async () => {
  const { store } = await withRemoved();
  expect(await store.read((each) => removedAmong(each, [removed]))).toEqual([]);
});

test("a second removal of a device from a conversation does not move the first one", async () => {
  const { store } = await withRemoved();
  await store.transact((each) => noteRemovedFrom(each, conversation, removed, 9));
  const before = (seq: number) =>
    store.read((each) => removedFromAmong(each, conversation, [removed], seq));
  expect(await before(4)).toEqual([removed]);
  expect(await before(3)).toEqual([]);
});
