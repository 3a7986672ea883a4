/** What a device records of an event that makes it a member, and of what lies before it. */
import { planComparison } from "../../../client/restore/plan.ts";
import { loadStates } from "../../../client/conversation/state.ts";
import type { DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account, conversation, creationRecord, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";

const other = { user: newId<UserId>(), role: "agent", devices: [newId<DeviceId>()] };
const backupOfMs = 10_000_000;
const restore = { number: 1, backupOfMs, declaredAtMs: backupOfMs + 3_600_000 };
const gone = (from: number, to: number) => ({ conversation, from, to, reason: "purged" });

test("events that the relay passed over until it added this device again are a gap", async () => {
  const { receiver, problems, items, wait } = await setUp();
  const relay = new LogDouble();
  receiver.deliver(relay.created());
  relay.changed("member_removed", account.user, [], 2);
  relay.changed("member_added", other.user, [other], 3);
  relay.changed("member_removed", other.user, [], 4);
  receiver.gap(gone(2, 2));
  const { user } = account;
  receiver.deliver(relay.changed("member_added", user, [other], 5, creationRecord()));
  await wait();
  expect(problems).toEqual([]);
  expect(await items()).toMatchObject([
    { kind: "created" },
    { kind: "gap", from: 2, to: 2, reason: "purged" },
    { kind: "gap", from: 3, to: 4, reason: "not_a_member" },
    { kind: "arrived_unseen", seq: 5, members: [other] },
    { kind: "member_added", seq: 5 },
  ]);
});

test("an act that was signed long before the last known event is malformed, also behind a gap", async () => {
  const { receiver, log, items, wait } = await setUp();
  const relay = new LogDouble();
  // The receipts of this log are of 1970.
  relay.nowMs = 3 * 86_400_000;
  receiver.deliver(relay.created());
  relay.changed("member_removed", account.user, [], 2);
  receiver.gap(gone(2, 2));
  receiver.deliver(relay.changed("member_added", account.user, [], 3, creationRecord()));
  await wait();
  expect(log.state).toMatchObject({ seq: 3, malformed: true });
  expect((await items()).at(-1)).toMatchObject({ kind: "problem", code: "malformed_event" });
});

test("events that the relay passed over before it added somebody else are missing", async () => {
  const { receiver, log, problems, wait } = await setUp();
  const relay = new LogDouble();
  receiver.deliver(relay.created());
  receiver.gap(gone(2, 2));
  for (let seq = 2; seq < 6; seq++) relay.closed();
  const creation = creationRecord();
  receiver.deliver(relay.changed("member_added", other.user, [other], 5, creation));
  await wait();
  expect(problems).toMatchObject([{ code: "missing_event", seq: 3 }]);
  expect(log.state).toMatchObject({ seq: 2 });
});

test("a device whose entry is gone waits for the next creation record", async () => {
  const { receiver, log, problems, items, wait } = await setUp();
  const relay = new LogDouble();
  relay.created();
  relay.changed("member_added", other.user, [other], 2);
  receiver.gap(gone(1, 2));
  const alone = { ...other, devices: [] };
  receiver.deliver(relay.changed("device_removed", other.user, [alone], 3));
  await wait();
  expect(log.state).toMatchObject({ seq: 3, joined: false, malformed: false, members: [] });
  const creation = creationRecord();
  receiver.deliver(relay.changed("device_added", other.user, [other], 4, creation));
  await wait();
  expect(log.state).toMatchObject({ seq: 4, joined: true, malformed: false, arrivedAt: 4 });
  expect(problems).toEqual([]);
  expect((await items()).map(({ kind }) => kind)).toEqual([
    "gap",
    "arrived_unseen",
    "device_added",
  ]);
});

test("a restore leaves a conversation sound that this device entered after a malformed event", async () => {
  const device = await setUp();
  const { receiver, log, store, wait } = device;
  const relay = new LogDouble();
  relay.created();
  receiver.gap(gone(1, 1));
  receiver.deliver(relay.unusual(new Uint8Array(9).fill(255)));
  await wait();
  expect(log.state).toMatchObject({ seq: 2, malformed: true });
  // The device's own entry is gone, so somebody else's lets it in.
  const entry = relay.changed("member_added", other.user, [other], 2, creationRecord());
  receiver.deliver(entry);
  await wait();
  expect(log.state).toMatchObject({ seq: 3, joined: true, malformed: false });
  relay.nowMs = backupOfMs;
  receiver.deliver(relay.changed("member_removed", other.user, [], 3));
  await wait();

  await receiver.reset();
  const { state } = log;
  if (state === undefined) throw new Error("no state");
  const plan = await store.read((each) => planComparison(each, conversation, state, [restore]));
  if (plan === undefined) throw new Error("nothing to compare");
  receiver.comparison.begin(plan);
  receiver.deliver(entry);
  receiver.caughtUp(3);
  await wait();
  expect(log.state).toMatchObject({ seq: 3, joined: true, malformed: false, restores: 1 });
  expect(await loadStates(store)).toEqual([[conversation, log.state]]);
});
