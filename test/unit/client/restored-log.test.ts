import { loadOutbox } from "../../../client/conversation/outbox.ts";
import { loadStates } from "../../../client/conversation/state.ts";
import type { LoggedItem } from "../../../client/conversation/items.ts";
import { planComparison } from "../../../client/restore/plan.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { Deliver } from "../../../crypto/wire/frame.ts";
import type { UserId, DeviceId } from "../../../crypto/wire/ids.ts";
import { account, conversation, LogDouble } from "./log-double.ts";
import { setUp } from "./receiving.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const backupOfMs = 10_000_000;
const restore = { number: 1, backupOfMs, declaredAtMs: backupOfMs + 3_600_000 };
const other = { user: newId<UserId>(), role: "agent", devices: [newId<DeviceId>()] };

type Device = Awaited<ReturnType<typeof setUp>>;

/** A device that has "old" from before the backup, and the log of which a backup was made. */
async function withBackup() {
  const device = await setUp();
  const relay = new LogDouble();
  const say = async (log: LogDouble, text: string) => log.message(...(await device.queue(text)));
  const received: Deliver[] = [];
  const receive = async (...events: Deliver[]) => {
    received.push(...events);
    for (const event of events) device.receiver.deliver(event);
    await device.wait();
  };
  /** Events that the device received before and that the server still has. */
  const served = (from: number, to: number) =>
    received.filter(({ seq }) => seq >= from && seq <= to);
  await receive(
    relay.created(),
    relay.changed("member_added", other.user, [other], 2),
    relay.changed("member_removed", other.user, [], 3),
    relay.changed("member_added", other.user, [other], 4),
  );
  return { device, relay, say, receive, served };
}

/** Begins a connection under the restores that the device accepted. */
async function compare({ store, log, receiver }: Device, restores = [restore]): Promise<number> {
  await receiver.reset();
  const { state } = log;
  if (state === undefined) throw new Error("no state");
  const plan = await store.read((each) => planComparison(each, conversation, state, restores));
  if (plan !== undefined) receiver.comparison.begin(plan);
  return plan?.anchor ?? -1;
}

const textsOf = (items: readonly LoggedItem[]) =>
  items.flatMap((item) =>
    item.kind === "message" ? [item.text + (item.lostOnServer === true ? " (lost)" : "")] : [],
  );

test("a shorter log is accepted, and what it lacks stays readable", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  relay.nowMs = backupOfMs;
  await receive(await say(relay, "kept"));
  const backup = relay.copy();
  await receive(
    await say(relay, "one"),
    await say(relay, "two"),
    relay.changed("closed", account.user, [other], 4),
  );
  expect(device.log.state?.closed).toBe(true);

  expect(await compare(device)).toBe(4);
  device.receiver.caughtUp(4);
  await device.wait();
  expect(device.problems).toMatchObject([{ seq: 4, code: "rolled_back" }]);
  await compare(device);
  await receive(...served(4, 5));
  device.receiver.caughtUp(5);
  await device.wait();

  expect(device.log.state).toMatchObject({ seq: 5, closed: false, joined: true, restores: 1 });
  await receive(await say(backup, "three"));
  const items = await device.items();
  expect(textsOf(items)).toEqual(["kept", "one (lost)", "two (lost)", "three"]);
  expect(items.filter(({ kind }) => kind === "server_restored")).toEqual([
    { kind: "server_restored", seq: 5, backupOfMs, messages: 2, returned: [] },
  ]);
  expect(device.problems).toHaveLength(1);
});

test("a different log is accepted from the position where it differs", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  await receive(await say(relay, "one"), await say(relay, "two"));
  await compare(device);
  backup.nowMs = restore.declaredAtMs + 1_000;
  await receive(...served(4, 4), await say(backup, "three"));
  device.receiver.caughtUp(5);
  await device.wait();
  expect(device.problems).toEqual([]);
  expect(device.log.state).toMatchObject({ seq: 5, restores: 1 });
  expect(textsOf(await device.items())).toEqual(["one (lost)", "two (lost)", "three"]);
  // Whoever kept how far it had read continues where the log was cut.
  expect(textsOf(await device.items(6, 0))).toEqual(["three"]);
  expect(textsOf(await device.items(5, 0))).toEqual(["two (lost)", "three"]);
  expect(textsOf(await device.items(4, 1))).toEqual(["three"]);
});

test("an equal log is kept, and the restore explains no later difference", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  await receive(await say(relay, "one"));
  await compare(device);
  await receive(...served(4, 5));
  device.receiver.caughtUp(5);
  await device.wait();
  expect(device.log.state).toMatchObject({ seq: 5, restores: 1, cuts: [] });
  expect(device.applied()).toBe(1);

  expect(await compare(device)).toBe(-1);
  await receive(await say(backup, "another one"));
  expect(device.problems).toMatchObject([{ seq: 5, code: "forked_log" }]);
  expect(textsOf(await device.items())).toEqual(["one"]);
});

test("a restore excuses nothing in a conversation that was opened after it", async () => {
  const device = await setUp();
  device.keyLog.restores = 1;
  const relay = new LogDouble();
  relay.nowMs = backupOfMs;
  device.receiver.deliver(relay.created());
  await device.wait();
  expect(device.log.state).toMatchObject({ seq: 1, restores: 1 });
  expect(await compare(device)).toBe(-1);
  expect(await compare(device, [restore, { ...restore, number: 2 }])).toBe(0);
});

test.each([
  ["before the backup", 1_000],
  ["after the restore was declared", restore.declaredAtMs + 1_000],
])("an event from %s that differs is an alarm", async (_, nowMs) => {
  const { device, relay, say, receive } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = nowMs;
  await receive(await say(relay, "one"));
  relay.nowMs = backupOfMs;
  const lost = await say(relay, "two");
  if (nowMs < backupOfMs) await receive(lost);
  await compare(device);
  await receive(await say(backup, "instead"));
  expect(device.problems).toMatchObject([{ seq: 5, code: "forked_log" }]);
  expect(device.log.state?.cuts).toEqual([]);
});

test("an event that does not continue what both have is an alarm", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  relay.nowMs = backupOfMs;
  const elsewhere = new LogDouble();
  await receive(await say(relay, "one"), await say(relay, "two"));
  await compare(device);
  elsewhere.created();
  for (let seq = 2; seq < 5; seq++) elsewhere.changed("member_added", other.user, [other], seq);
  await receive(...served(4, 4), await say(elsewhere, "forged"));
  expect(device.problems).toMatchObject([{ seq: 5, code: "forked_log" }]);
  expect(device.log.state).toMatchObject({ seq: 6, restores: 0, cuts: [] });
});

test("a member who had been removed is named, and gets no messages until they are added again", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  await receive(relay.changed("member_removed", other.user, [], 5), await say(relay, "alone"));
  await compare(device);
  await receive(...served(4, 4));
  device.receiver.caughtUp(4);
  await device.wait();
  expect(device.log.state).toMatchObject({ epoch: 4, members: [{}, other] });
  expect(device.log.state?.withheld).toEqual(other.devices);
  expect(device.log.state?.cuts).toMatchObject([{ messages: 1, returned: [other] }]);
  await receive(await say(backup, "three"));
  expect(device.log.state?.withheld).toEqual(other.devices);
  await receive(
    backup.changed("member_removed", other.user, [], 5),
    backup.changed("member_added", other.user, [other], 6),
  );
  expect(device.log.state?.withheld).toEqual([]);
});

test.each([
  ["who had been removed gets nothing through a new device either", true],
  ["who had lost a device of several gets messages on a new device", false],
])("%s", async (_, withheld) => {
  const { device, relay, receive, served } = await withBackup();
  const remaining = [newId<DeviceId>()];
  const devices = [...other.devices, ...remaining];
  const listed = { ...other, devices };
  await receive(relay.changed("device_added", other.user, [listed], 5));
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  await receive(
    withheld
      ? relay.changed("member_removed", other.user, [], 6)
      : relay.changed("device_removed", other.user, [{ ...other, devices: remaining }], 6),
  );
  await compare(device);
  await receive(...served(5, 5));
  device.receiver.caughtUp(5);
  await device.wait();
  expect(device.log.state?.withheld).toEqual(withheld ? devices : other.devices);
  const added = newId<DeviceId>();
  const linked = { ...other, devices: [...devices, added] };
  await receive(backup.changed("device_added", other.user, [linked], 6));
  expect(device.log.state?.withheld).toEqual(withheld ? [...devices, added] : other.devices);
  // If the old device leaves, nothing changes for the new one.
  const left = { ...other, devices: [...remaining, added] };
  await receive(backup.changed("device_removed", other.user, [left], 7));
  expect(device.log.state?.withheld).toEqual(withheld ? [...remaining, added] : []);
  await receive(
    backup.changed("member_removed", other.user, [], 8),
    backup.changed("member_added", other.user, [left], 9),
  );
  expect(device.log.state).toMatchObject({ withheld: [], withheldMembers: [] });
});

const gone = (from: number, to: number) => ({ conversation, from, to, reason: "purged" });

test.each([
  ["the next event differs", [gone(4, 6)], false],
  ["the server has nothing after it yet", [gone(4, 6)], true],
  ["another gap follows", [gone(4, 5), gone(6, 6)], false],
  ["it ends where the log of the device ends", [gone(4, 8)], true],
  ["it ends after the log of the device", [gone(4, 10)], true],
])("a gap does not show that the logs agree: %s", async (_, gaps, synced) => {
  const { device, relay, say, receive } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  const texts = ["five", "six", "seven", "eight"];
  for (const text of texts) await receive(await say(relay, text));
  backup.nowMs = restore.declaredAtMs + 1_000;
  const to = gaps.at(-1)?.to ?? 0;
  for (let seq = 5; seq <= to; seq++) await say(backup, "purged");
  expect(await compare(device)).toBe(4);
  for (const gap of gaps) device.receiver.gap(gap);
  if (synced) device.receiver.caughtUp(to);
  await receive(await say(backup, "new"));
  expect(device.problems).toEqual([]);
  const cuts = [{ at: 4, messages: 4 }];
  expect(device.log.state).toMatchObject({ seq: to + 1, restores: 1, cuts });
  const items = await device.items(4);
  expect(textsOf(items)).toEqual([...texts.map((text) => `${text} (lost)`), "new"]);
  // The device has the event 4 itself, so the gap begins after it.
  expect(items.filter(({ kind }) => kind === "gap")).toMatchObject(
    gaps.map((gap) => ({ from: Math.max(gap.from, 5), to: gap.to })),
  );
});

test("a log with a gap is kept if the event after the gap is the same", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  relay.nowMs = backupOfMs;
  for (const text of ["five", "six", "seven"]) await receive(await say(relay, text));
  await compare(device);
  device.receiver.gap(gone(4, 6));
  await receive(...served(7, 7));
  device.receiver.caughtUp(7);
  await device.wait();
  expect(device.problems).toEqual([]);
  expect(device.log.state).toMatchObject({ seq: 7, restores: 1, cuts: [] });
  expect(textsOf(await device.items())).toEqual(["five", "six", "seven"]);
});

test("a log that ends with a gap is kept if the server's does, too", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  relay.nowMs = backupOfMs;
  await receive(await say(relay, "five"));
  device.receiver.gap(gone(6, 7));
  await device.wait();
  await compare(device);
  await receive(...served(4, 5));
  device.receiver.gap(gone(6, 7));
  device.receiver.caughtUp(7);
  await device.wait();
  expect(device.problems).toEqual([]);
  expect(device.log.state).toMatchObject({ seq: 7, restores: 1, cuts: [] });
});

test("an event that the server neither has nor calls gone is an alarm", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  for (const text of ["five", "six", "seven"]) await receive(await say(relay, text));
  await compare(device);
  backup.message(...(await device.queue("purged")));
  backup.message(...(await device.queue("purged, too")));
  device.receiver.deliver(served(4, 4)[0] ?? relay.closed());
  device.receiver.gap(gone(6, 6));
  await receive(await say(backup, "new seven"));
  expect(device.problems).toMatchObject([{ seq: 7, code: "forked_log" }]);
  expect(device.log.state).toMatchObject({ seq: 7, restores: 0, cuts: [] });
});

test("a device that left and came back in the lost part is the member that it was", async () => {
  const { device, relay, receive, served } = await withBackup();
  relay.nowMs = backupOfMs;
  // The event that brings it back has no creation record, so the conversation becomes invalid.
  await receive(
    relay.changed("member_removed", account.user, [other], 5),
    relay.changed("member_added", account.user, [other], 6),
  );
  expect(device.log.state).toMatchObject({ seq: 6, joined: false, invalid: true });
  await compare(device);
  await receive(...served(4, 4));
  device.receiver.caughtUp(4);
  await device.wait();
  expect(device.log.state).toMatchObject({ seq: 4, joined: true, invalid: false, restores: 1 });
});

test("after a crash the state, the outbox and the history are those after the cut", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  relay.nowMs = backupOfMs;
  await receive(await say(relay, "one"));
  const [waiting] = await device.queue("waiting");
  await compare(device);
  await receive(...served(4, 4));
  device.receiver.caughtUp(4);
  await device.wait();
  const { state } = device.log;
  await device.store.close();

  const store = await DeviceStore.open(device.level, device.key);
  expect(await loadStates(store)).toEqual([[conversation, state]]);
  const outbox = (await loadOutbox(store)).get(conversation);
  expect(outbox).toMatchObject([[waiting, { text: "waiting", sealing: undefined }]]);
  await store.close();
});

test("a message that the server lost and gets again is shown once, in its new place", async () => {
  const { device, relay, say, receive, served } = await withBackup();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  await receive(await say(relay, "other"), await say(relay, "again"));
  const again = served(6, 6)[0];
  if (again === undefined) throw new Error("not delivered");
  await compare(device);
  await receive(...served(4, 4));
  device.receiver.caughtUp(4);
  await device.wait();
  const sealing = { ...again, packets: [] };
  await device.requeue(again.clientMessageId, "again", sealing);
  await receive(await say(backup, "three"), backup.message(again.clientMessageId, sealing));
  const items = await device.items();
  expect(textsOf(items)).toEqual(["other (lost)", "three", "again"]);
  expect(items.find(({ kind }) => kind === "server_restored")).toMatchObject({ messages: 1 });
  expect(await loadStates(device.store)).toMatchObject([
    [conversation, { cuts: [{ messages: 1 }] }],
  ]);
});

test("a restore that lost this device's arrival does not let anybody in unseen", async () => {
  const device = await setUp();
  const relay = new LogDouble();
  const backup = relay.copy();
  relay.nowMs = backupOfMs;
  device.receiver.deliver(relay.created());
  device.receiver.deliver(relay.changed("member_added", other.user, [other], 2));
  await device.wait();
  expect(await compare(device)).toBe(0);
  backup.nowMs = restore.declaredAtMs + 1_000;
  backup.created();
  const ghost = { user: newId<UserId>(), role: "agent", devices: [newId<DeviceId>()] };
  device.receiver.deliver(backup.changed("member_added", account.user, [other, ghost], 2));
  await device.wait();
  expect(device.problems).toEqual([]);
  const items = await device.items();
  expect(items.find(({ kind }) => kind === "arrived_unseen")).toMatchObject({
    seq: 2,
    members: [ghost],
  });
});
