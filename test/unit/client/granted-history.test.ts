/** What a newcomer shows of granted history if the relay, a member or a grantor lies. */
import { saveGap, saveRecord } from "../../../client/conversation/history.ts";
import { hearUnopened } from "../../../client/conversation/unopened.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { DeviceId } from "../../../crypto/wire/ids.ts";
import { noteRemovedFrom } from "../../../client/device/removed-devices.ts";
import { generateSigningKey } from "../../../crypto/device/sodium.ts";
import { deviceOf, GrantedLog, listOf, say } from "./granted-log.ts";
import { authorityKey, certificateOf, newcomer, recordAt } from "./granting.ts";

const computer = deviceOf();
const phone = deviceOf(computer.user);
const agent = deviceOf();
const everybody = [computer, phone, agent];
const inOrder = (...members: readonly ReturnType<typeof listOf>[]) =>
  members.toSorted((one, other) => (one.user < other.user ? -1 : 1));
const all = inOrder(listOf("customer", computer, phone), listOf("agent", agent));
const withoutPhone = all.map((each) =>
  each.user === computer.user ? listOf("customer", computer) : each,
);

/** A conversation from which the phone was removed with event 3. Event 4 and on are of epoch 2. */
async function logAfterRemoval(): Promise<GrantedLog> {
  const log = new GrantedLog();
  log.change("created", computer, all, 1);
  log.place(await say(phone, "from my phone"));
  log.change("device_removed", computer, withoutPhone, 2);
  log.place(await say(agent, "are you sure?", { epoch: 2 }));
  return log;
}

test("what a removed device says is not shown, also if the range begins after the removal", async () => {
  const log = await logAfterRemoval();
  log.place(await say(phone, "I owe you 10,000 euros.", { epoch: 2 }));
  log.place(await say(computer, "yes", { epoch: 2 }));
  const { grant, shown, keys } = await newcomer(log, everybody);
  await grant(4, 6);
  expect(await shown()).toEqual([
    [4, "are you sure?"],
    [5, "not_a_member"],
    [6, "yes"],
  ]);
  expect(await keys()).toEqual([]);
});

test("a message of an epoch that is over is not shown, also if the range begins after the change", async () => {
  const log = await logAfterRemoval();
  log.place(await say(computer, "yes"));
  const { grant, shown } = await newcomer(log, everybody);
  await grant(5, 5);
  expect(await shown()).toEqual([[5, "wrong_epoch"]]);
});

test("if the last change before the range is gone, what is said up to the next one is marked", async () => {
  const log = await logAfterRemoval();
  log.change("device_added", computer, all, 3);
  log.place(await say(phone, "here I am", { epoch: 3 }));
  log.gone = 3;
  const { grant, shown, problems } = await newcomer(log, everybody);
  await grant(4, 6);
  expect(await shown()).toEqual([
    [4, "are you sure?", "membership_unverified"],
    [5, "device_added"],
    [6, "here I am"],
  ]);
  expect(problems).toEqual([[4, "membership_unverified"]]);
});

test("a message that the relay places twice is shown once, also in two grants", async () => {
  const log = await logAfterRemoval();
  const yes = await say(computer, "yes", { epoch: 2 });
  log.place(yes);
  log.place(await say(agent, "and you pay 10,000 euros?", { epoch: 2 }));
  log.place(yes);
  const once = await newcomer(log, everybody);
  await once.grant(4, 7);
  expect((await once.shown()).slice(1)).toEqual([
    [5, "yes"],
    [6, "and you pay 10,000 euros?"],
    [7, "duplicate"],
  ]);
  const later = await newcomer(log, everybody);
  await later.grant(6, 7);
  expect(await later.shown()).toEqual([
    [6, "and you pay 10,000 euros?"],
    [7, "duplicate"],
  ]);
  expect(await later.keys()).toEqual([]);
});

test("a message that the relay places again after a closing of the conversation is not shown again", async () => {
  const log = await logAfterRemoval();
  const yes = await say(computer, "yes", { epoch: 2 });
  log.place(yes);
  log.change("closed", computer, withoutPhone, 2);
  log.place(yes);
  log.pageSize = 3;
  const { grant, shown, keys } = await newcomer(log, everybody);
  await grant(7, 7);
  expect(await shown()).toEqual([[7, "duplicate"]]);
  expect(await keys()).toEqual([]);
});

test("whoever joins with a certificate that the authority did not sign is no member", async () => {
  const joining = deviceOf();
  const shownWith = async (key: typeof authorityKey) => {
    const log = await logAfterRemoval();
    log.joined(joining, certificateOf(joining), key, withoutPhone, 3);
    log.place(await say(joining, "I am an agent", { epoch: 3 }));
    const { grant, shown } = await newcomer(log, [...everybody, joining]);
    await grant(4, 6);
    return shown();
  };
  expect(await shownWith(authorityKey)).toEqual([
    [4, "are you sure?"],
    [5, "member_added"],
    [6, "I am an agent"],
  ]);
  expect(await shownWith(generateSigningKey())).toEqual([
    [4, "are you sure?"],
    [5, "malformed_event"],
    [6, "not_a_member"],
  ]);
});

test("a device whose removal this device saw proves nothing after it", async () => {
  const log = new GrantedLog();
  log.change("created", computer, all, 1);
  log.place(await say(phone, "from my phone"));
  log.change("device_removed", computer, withoutPhone, 2);
  log.change("device_added", computer, all, 3);
  log.place(await say(phone, "I owe you 10,000 euros.", { epoch: 3 }));
  const { grant, shown, store } = await newcomer(log, everybody);
  await store.transact(async (each) => noteRemovedFrom(each, log.conversation, phone.id, 3));
  await grant(1, 2);
  await grant(4, 5);
  expect(await shown()).toEqual([
    [1, "created"],
    [2, "from my phone"],
    [4, "device_added"],
    [5, "author_unverified"],
  ]);
});

test("a change that members refused counts for nobody, and is named", async () => {
  const log = await logAfterRemoval();
  log.change("device_added", agent, all, 3);
  log.place(await say(phone, "I owe you 10,000 euros.", { epoch: 3 }));
  const { grant, shown } = await newcomer(log, everybody);
  await grant(3, 6);
  expect(await shown()).toEqual([
    [3, "device_removed"],
    [4, "are you sure?"],
    [5, "malformed_event"],
    [6, "author_unverified"],
  ]);
});

test("a removed device that is listed again does not speak for its owner", async () => {
  const log = new GrantedLog();
  log.change("created", computer, all, 1);
  log.place(await say(phone, "from my phone"));
  log.change("device_removed", computer, withoutPhone, 2);
  log.change("device_added", computer, all, 3);
  log.place(await say(phone, "I owe you 10,000 euros.", { epoch: 3 }));
  log.place(await say(computer, "yes", { epoch: 3 }));
  const { grant, shown } = await newcomer(log, everybody);
  await grant(2, 6);
  expect(await shown()).toEqual([
    [2, "from my phone"],
    [3, "device_removed"],
    [4, "device_added"],
    [5, "author_unverified"],
    [6, "yes"],
  ]);
});

test("a relay that keeps back a list of members has the grant refused", async () => {
  const log = await logAfterRemoval();
  log.place(await say(phone, "I owe you 10,000 euros.", { epoch: 2 }));
  log.links[2] = { ...log.links[2]!, control: undefined };
  const { grant, shown, problems } = await newcomer(log, everybody);
  await grant(2, 5);
  expect(await shown()).toEqual([]);
  expect(problems).toEqual([[3, "grant_unverifiable"]]);
});

test("a bad grant stays in no good one's way, and takes no mark with it", async () => {
  const log = await logAfterRemoval();
  log.place(await say(agent, "But I warn you of the risk.", { epoch: 2 }));
  const { grant, shown, store } = await newcomer(log, everybody);
  const { conversation } = log;
  const hear = (seqs: readonly number[]) =>
    store.transact((transaction) =>
      hearUnopened(
        transaction,
        conversation,
        { user: computer.user, device: newId<DeviceId>() },
        seqs,
      ),
    );
  await hear([5]);
  await grant(4, 5, []);
  await hear([4]);
  expect(await shown()).toEqual([
    [4, "grant_omitted"],
    [5, "grant_omitted"],
  ]);
  await grant(4, 5);
  expect(await shown()).toEqual([
    [4, "are you sure?", "unopened"],
    [5, "But I warn you of the risk.", "unopened"],
  ]);
});

test("a grant shows what this device could not open, and what it has as a gap, and nothing else anew", async () => {
  const log = new GrantedLog();
  log.change("created", computer, all, 1);
  for (const text of ["one", "two", "three", "four", "five", "six"])
    log.place(await say(computer, text));
  const { grant, shown, store } = await newcomer(log, everybody);
  const { conversation, hashes } = log;
  await store.transact(async (transaction) => {
    saveGap(transaction, conversation, { from: 2, to: 4, reason: "purged" });
    for (const [seq, code] of [
      [5, "no_key"],
      [6, "undecryptable"],
      [7, "lost_in_rollback"],
    ] as const)
      saveRecord(transaction, conversation, seq, recordAt(hashes[seq]!, code));
  });
  await grant(3, 7);
  expect(await shown()).toEqual([
    [2, "gap"],
    [3, "two"],
    [4, "three"],
    [5, "four"],
    [6, "undecryptable"],
    [7, "six"],
  ]);
});

test("a grantor who names another user as the owner of a device keeps no later grant from naming its owner", async () => {
  const log = new GrantedLog();
  log.change("created", computer, all, 1);
  log.place(await say(phone, "from my phone"));
  const mallory = { ...deviceOf(), id: phone.id };
  const [forged, genuine] = [certificateOf(mallory), certificateOf(phone)];
  const { grant, shown, asked } = await newcomer(log, [computer, agent], [forged, genuine]);
  await grant(1, 2, log.packed, [forged]);
  expect(await shown()).toEqual([
    [1, "created"],
    [2, "author_unverified"],
  ]);
  await grant(1, 2, log.packed, [genuine]);
  expect((await shown())[1]).toEqual([2, "from my phone"]);
  expect(asked).toEqual([phone.user]);
});

test("a pack that names one author before each message has the key log asked once", async () => {
  const log = new GrantedLog();
  log.change("created", computer, all, 1);
  for (let count = 0; count < 20; count++) log.place(await say(phone, `message ${count}`));
  const { grant, asked } = await newcomer(log, [computer, agent]);
  await grant(1, 21, log.packed, [certificateOf(phone)]);
  expect(asked).toEqual([phone.user]);
});
