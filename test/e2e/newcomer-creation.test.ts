/** Whoever joins later checks that the conversation is the one that was begun. */
import { randomBytes, sign, randomUUID } from "node:crypto";
import type { Control } from "../../crypto/wire/frame.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { appendKeyEntry } from "../../identity/transparency/append-key-entry.ts";
import { certificateBy, firstApproval } from "../support/certified.ts";
import { ed25519 } from "../support/device.ts";
import {
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { showing, startTamperingRelay, type Tamper } from "../support/tampering-relay.ts";
import { idOf, newId } from "../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Creation = NonNullable<Control["creation"]>;
type Creator = NonNullable<Creation["creator"]>;

/** The same with its first byte changed. */
const changed = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte ^ 1 : byte));
const withCreator = (creation: Creation, changes: Partial<Creator>): Creation => ({
  ...creation,
  creator: { ...creation.creator!, ...changes },
});

/** Shows whoever is added another creation record, in a log that fits it. */
const showingCreation = (change: (creation: Creation) => Creation | undefined): Tamper =>
  showing(
    ({ kind }) => kind === "member_added",
    ({ creation }) => ({ creation: change(creation!) }),
  );

test.each<[string, string, (creation: Creation) => Creation | undefined]>([
  // Then the customer in the list is not the creator, and the list is not taken (R8).
  ["leaves the creation record out", "malformed_event", () => undefined],
  ["shows another suite", "invalid_creation", (creation) => ({ ...creation, suite: "mls-v1" })],
  [
    "changes the signature",
    "invalid_creation",
    (creation) => ({ ...creation, signature: changed(creation.signature) }),
  ],
  [
    "names another creator",
    "malformed_event",
    (creation) => withCreator(creation, { user: idOf("0192d3a5-7c3e-7cc3-98c4-dc0c0c07398f") }),
  ],
])(
  "a relay that %s: the newcomer is told (%s), and seals nothing",
  async (_what, code, tamper) => {
    const [customer, agent, relay] = await Promise.all([
      connectCustomer(server),
      connectStaff(server),
      startTamperingRelay(server),
    ]);
    const newcomer = await connectStaff(server, "agent", { webSocket: relay.webSocket });
    relay.tamper = showingCreation(tamper);
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await (await joined(agent, asking.id)).addMember(newcomer.sealdesk.user.id);
    const misled = await joined(newcomer, asking.id);
    const items = await readUntil(misled, (all) => problemsOf(all).length > 0);
    expect(problemsOf(items)).toMatchObject([{ code, seq: 2 }]);
    await expect(misled.send("hello?")).rejects.toMatchObject({ code: "not_a_member" });
    await Promise.all([customer, agent, newcomer].map(({ sealdesk }) => sealdesk.close()));
    await relay.close();
  },
  60_000,
);

test("the creation record verifies after the creating device was removed from the directory", async () => {
  const [customer, agent] = await Promise.all([connectCustomer(server), connectStaff(server)]);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const laptop = await connectSibling(server, customer);
  const typing = await joined(laptop, asking.id);
  const ended = new Promise((resolve) => customer.sealdesk.on("end", resolve));
  await laptop.sealdesk.removeDevice(customer.sealdesk.device);
  await ended;
  const newcomer = await connectStaff(server);
  await (await joined(agent, asking.id)).addMember(newcomer.sealdesk.user.id);
  const serving = await joined(newcomer, asking.id);
  await serving.send("How can I help?");
  for (const conversation of [typing, serving]) {
    const items = await readUntil(conversation, (all) => textsOf(all).length === 1);
    expect(problemsOf(items)).toEqual([]);
  }
  await Promise.all([customer, agent, laptop, newcomer].map(({ sealdesk }) => sealdesk.close()));
}, 60_000);

/** A conversation with an agent, whose creator has lost every device and was reset. */
async function resetCreator() {
  const subject = randomUUID();
  const [customer, agent, admin] = await Promise.all([
    connectCustomer(server, {}, subject),
    connectStaff(server),
    connectStaff(server, "admin"),
  ]);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  const user = customer.sealdesk.user.id;
  const ended = new Promise((resolve) => customer.sealdesk.on("end", resolve));
  await admin.sealdesk.resetAccount(user, "devices_lost");
  await ended;
  await Promise.all([customer, admin].map(({ sealdesk }) => sealdesk.close()));
  return { subject, user, agent, serving, device: customer.sealdesk.device };
}

test("a user who joins after the creator was reset is admitted: colleagues, and the creator's new device", async () => {
  const { subject, user, agent, serving } = await resetCreator();
  const early = await connectStaff(server);
  await serving.addMember(early.sealdesk.user.id);
  const before = await joined(early, serving.id);
  expect((await before.send("Where have they gone?")).seq).toBeGreaterThan(0);

  const returned = await connectCustomer(server, {}, subject);
  const again = await joined(returned, serving.id);
  for (const { sealdesk } of [agent, early]) {
    const { offered } = await sealdesk.safetyNumbers(user);
    // The one has never seen the former key, and takes the new one as any first.
    if (sealdesk === agent.sealdesk) await sealdesk.acceptAccountKey(user, offered!);
  }
  await again.send("My phone fell into the lake.");

  const late = await connectStaff(server);
  await serving.addMember(late.sealdesk.user.id);
  const after = await joined(late, serving.id);
  await after.send("Oh dear.");
  for (const conversation of [before, again, after]) {
    const items = await readUntil(conversation, (all) => textsOf(all).includes("Oh dear."));
    expect(problemsOf(items)).toEqual([]);
  }
  const items = await readUntil(serving, (all) => textsOf(all).length === 3);
  expect(problemsOf(items)).toMatchObject([{ code: "account_key_changed", user }]);
  await Promise.all([agent, early, returned, late].map(({ sealdesk }) => sealdesk.close()));
}, 60_000);

test("a conversation begun after the creator's reset is open to members who accept the new account key", async () => {
  const { subject, user, agent } = await resetCreator();
  const returned = await connectCustomer(server, {}, subject);
  const ids: string[] = [];
  while (ids.length < 2) {
    const asking = await returned.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    ids.push(asking.id);
    const serving = await joined(agent, asking.id);
    await expect(serving.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });
    const problems = problemsOf(await readUntil(serving, (all) => all.length > 0));
    expect(problems.map(({ code }) => code)).not.toContain("invalid_creation");
  }
  const { offered } = await agent.sealdesk.safetyNumbers(user);
  await agent.sealdesk.acceptAccountKey(user, offered!);
  for (const id of ids) {
    await agent.sealdesk.conversation(id)!.send("welcome back");
    const read = await readUntil(await joined(returned, id), (all) => textsOf(all).length === 1);
    expect(problemsOf(read)).toEqual([]);
  }
  await Promise.all([agent, returned].map(({ sealdesk }) => sealdesk.close()));
}, 60_000);

/** A device of somebody else's making under a key of theirs, and a conversation it has begun. */
function rogue(user: UserId, conversation: ConversationId) {
  const { id: tenant } = server.tenant;
  const [account, key, device] = [ed25519(), ed25519(), newId<DeviceId>()];
  const record = {
    tenant,
    user,
    device,
    accountKey: account.publicKey,
    deviceKey: key.publicKey,
    identityKey: new Uint8Array(randomBytes(33)),
    receiptKey: ed25519().publicKey,
  };
  const certificate = certificateBy(record, key);
  const approval = firstApproval(record, account);
  const bytes = creationBytes({ tenant, conversation, suite: "signal-v1", device, users: [user] });
  const creation: Creation = {
    suite: "signal-v1",
    device,
    signature: sign(null, bytes, key.privateKey),
    creator: { ...record, certificate },
    users: [user],
  };
  return { creation, entry: { record, certificate, list: undefined, approval } };
}

test.each<[string, boolean, readonly KeyEntry["change"][]]>([
  ["that the key log never named, beside the one gone by", true, []],
  ["that the key log never named, where none is gone by", false, []],
  ["that the key log named after the one gone by", true, ["device_added", "device_removed"]],
])(
  "a relay that shows a creation record under an account key %s",
  async (_which, isKnown, changes) => {
    const { subject, user, agent, serving } = await resetCreator();
    const relay = await startTamperingRelay(server);
    const newcomer = await connectStaff(server, "agent", { webSocket: relay.webSocket });
    const members = [agent, newcomer];
    if (isKnown) {
      const returned = await connectCustomer(server, {}, subject);
      members.push(returned);
      const other = await returned.sealdesk.openConversation({ with: [newcomer.sealdesk.user.id] });
      await (await joined(newcomer, other.id)).send("hello");
    }
    const { creation, entry } = rogue(user, serving.id);
    for (const change of changes)
      await inTransaction(server.database.pool, server.tenant.id, (client) =>
        appendKeyEntry(client, {
          ...entry,
          change,
          approval: change === "device_added" ? entry.approval : undefined,
        }),
      );
    relay.tamper = showingCreation(() => creation);
    await serving.addMember(newcomer.sealdesk.user.id);
    const misled = await joined(newcomer, serving.id);
    const items = await readUntil(misled, (all) => problemsOf(all).length > 0);
    expect(problemsOf(items)).toMatchObject([{ code: "invalid_creation" }]);
    await expect(misled.send("hello?")).rejects.toMatchObject({ code: "not_a_member" });
    await Promise.all(members.map(({ sealdesk }) => sealdesk.close()));
    await relay.close();
  },
  60_000,
);

test("a user who was shown a wrong creation record is admitted by the right one (R12)", async () => {
  const { agent, serving } = await resetCreator();
  const setSignature = (to: string) =>
    server.database.owner.query(
      `update sealdesk.conversations set creation_signature = ${to} where id = $1`,
      [serving.id],
    );
  const flipped = "set_byte(creation_signature, 0, get_byte(creation_signature, 0) # 1)";
  await setSignature(flipped);
  const newcomer = await connectStaff(server);
  await serving.addMember(newcomer.sealdesk.user.id);
  const misled = await joined(newcomer, serving.id);
  const items = await readUntil(misled, (all) => problemsOf(all).length > 0);
  expect(problemsOf(items)).toMatchObject([{ code: "invalid_creation" }]);

  await setSignature(flipped);
  const colleague = await connectStaff(server);
  await serving.addMember(colleague.sealdesk.user.id);
  await readUntil(misled, (all) => all.filter(({ kind }) => kind === "member_added").length > 1);
  await misled.send("Here I am.");
  await readUntil(serving, (all) => textsOf(all).includes("Here I am."));
  await Promise.all([agent, newcomer, colleague].map(({ sealdesk }) => sealdesk.close()));
}, 60_000);
