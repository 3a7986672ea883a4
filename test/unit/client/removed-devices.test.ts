/** What an event says of a removed device counts in its conversation, and nowhere else. */
import { expect, test } from "@jest/globals";
import { withheldFrom } from "../../../client/conversation/removals.ts";
import { removedAmong } from "../../../client/device/removed-devices.ts";
import { noteList } from "../../../client/key-log/seen-lists.ts";
import type { ConversationId, DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account, conversation, LogDouble, setUp } from "./receiving.ts";

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
