import { randomBytes, randomUUID } from "node:crypto";
import { jest } from "@jest/globals";
import { nodeChecks } from "../../audit/node-checks.ts";
import { formatVkey } from "../../audit/verify/note.ts";
import type { Fetch, SecurityEvent } from "../../client/index.ts";
import { loadEvidence } from "../../client/key-log/evidence.ts";
import { KeyLog } from "../../client/key-log/key-log.ts";
import { systemClock } from "../../client/runtime.ts";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import { encodeKeyEntry, type KeyEntry } from "../../crypto/wire/key-entry.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { appendKeyEntry } from "../../identity/transparency/append-key-entry.ts";
import { certificateBy, firstApproval } from "../support/certified.ts";
import { customerDevice, ed25519, staffDevice, TestDevice } from "../support/device.ts";
import {
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readTexts,
  readUntil,
  startLinking,
  type Member,
} from "../support/member.ts";
import { createConversation } from "../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { fetchChanging, ShownLog } from "../support/shown-log.ts";
import { newId } from "../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const securityEvent = (member: Member): Promise<SecurityEvent> =>
  new Promise((resolve) => member.sealdesk.on("security", resolve));

/** Device keys of somebody who broke in, under an account key of theirs. */
function forged(user: UserId, device: DeviceId = newId<DeviceId>()): Omit<KeyEntry, "version"> {
  const [account, key] = [ed25519(), ed25519()];
  const record = {
    tenant: server.tenant.id,
    user,
    device,
    accountKey: account.publicKey,
    deviceKey: key.publicKey,
    identityKey: new Uint8Array(randomBytes(33)),
    receiptKey: ed25519().publicKey,
  };
  const certificate = certificateBy(record, key);
  const approval = firstApproval(record, account);
  return { change: "device_added", record, certificate, list: undefined, approval };
}

interface ListedAccount {
  accountKey: string;
  devices: { id: DeviceId; [key: string]: unknown }[];
}

/** The account with its one device's keys exchanged for others, properly certified. */
function withOtherKeys(user: UserId, account: ListedAccount) {
  const device = account.devices[0]!;
  const { record, certificate } = forged(user, device.id);
  return {
    ...account,
    accountKey: toBase64Url(record.accountKey),
    devices: [
      {
        ...device,
        deviceKey: toBase64Url(record.deviceKey),
        identityKey: toBase64Url(record.identityKey),
        receiptKey: toBase64Url(record.receiptKey),
        certificate: toBase64Url(certificate),
      },
    ],
  };
}

test("a relay that shows two people two keys is caught: the log does not vouch for the other", async () => {
  const agent = await connectStaff(server);
  const user = agent.sealdesk.user.id;
  const fetch = fetchChanging((path, body) =>
    path === `/v1/users/${user}/devices` ? withOtherKeys(user, body as ListedAccount) : body,
  );
  const misled = await connectCustomer(server, { runtime: { fetch } });
  const asking = await misled.sealdesk.openConversation({ with: [user] });
  const seen = await readUntil(asking, (all) => problemsOf(all).length > 0);
  expect(problemsOf(seen)).toMatchObject([{ code: "key_not_logged", user }]);
  await expect(asking.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });

  const honest = await connectCustomer(server);
  const fine = await honest.sealdesk.openConversation({ with: [user] });
  await fine.send("hello");
  expect(await readTexts(await joined(agent, fine.id), 1)).toEqual(["hello"]);
  await Promise.all([agent, misled, honest].map(({ sealdesk }) => sealdesk.close()));
});

test("a proof that was made up does not help it, and is kept as evidence", async () => {
  const agent = await connectStaff(server);
  const user = agent.sealdesk.user.id;
  const { record, certificate, change } = forged(user, agent.sealdesk.device);
  const fetch = fetchChanging((path, body) => {
    if (path === `/v1/users/${user}/devices`) {
      const account = body as ListedAccount;
      const deviceKey = toBase64Url(record.deviceKey);
      return { ...account, devices: [{ ...account.devices[0], deviceKey }] };
    }
    if (path !== `/v1/users/${user}/key-history`) return body;
    const { entries, ...history } = body as { entries: object[] };
    const entry = encodeKeyEntry({ change, version: 1, record, certificate, list: undefined });
    return { ...history, entries: [{ ...entries[0], entry: toBase64Url(entry) }] };
  });
  const misled = await connectCustomer(server, { runtime: { fetch } });
  const reported = securityEvent(misled);
  const asking = await misled.sealdesk.openConversation({ with: [user] });
  await expect(asking.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });
  expect(await reported).toMatchObject({
    code: "key_log_inconsistent",
    evidence: { reason: "invalid_proof" },
  });
  const again = await misled.restart();
  expect(await again.sealdesk.keyLogEvidence()).toMatchObject([{ reason: "invalid_proof" }]);
  await Promise.all([agent, again].map(({ sealdesk }) => sealdesk.close()));
});

test("a server that keeps two logs is caught when two members write to each other", async () => {
  const one = new ShownLog(server);
  const other = new ShownLog(server, one);
  const ghost = forged(newId<UserId>());
  other.append(encodeKeyEntry({ ...ghost, version: 1 }));

  const agent = await connectStaff(server, "agent", { runtime: { fetch: one.fetch } });
  const customer = await connectCustomer(server, { runtime: { fetch: other.fetch } });
  const reports = [securityEvent(agent), securityEvent(customer)];
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await asking.send("do you see what I see?");
  await serving.send("I do not know");

  const first = await Promise.race(reports);
  if (first.code !== "key_log_inconsistent") throw new Error(first.code);
  const { kept, shown, from } = first.evidence;
  // Both are signed checkpoints of one log by one key, and no log can have both.
  const origin = one.log.key.name;
  for (const note of [kept, shown]) expect(note).toMatch(new RegExp(`^${origin}\n\\d+\n.+\n\n— `));
  expect(kept).not.toBe(shown);
  expect([agent.sealdesk.user.id, customer.sealdesk.user.id]).toContain(from);
  // The messages are there all the same: the log of keys is not what they are read with.
  expect(await readTexts(serving, 2)).toEqual(["do you see what I see?", "I do not know"]);
  await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
});

test("a server that shows a new device of an account another log is caught by what linking hands on", async () => {
  const one = new ShownLog(server);
  const other = new ShownLog(server, one);
  other.append(encodeKeyEntry({ ...forged(newId<UserId>()), version: 1 }));
  const customer = await connectCustomer(server, { runtime: { fetch: one.fetch } });
  const honest = await connectSibling(server, customer, { runtime: { fetch: one.fetch } });
  const misled = await startLinking(server, customer.credentials, {
    runtime: { fetch: other.fetch },
  });
  await customer.sealdesk.approveDevice(misled.link.code);
  // It reads the log before it signs the list of the account's devices. So it does not register.
  await expect(misled.member).rejects.toMatchObject({ code: "key_log_inconsistent" });
  await misled.quit();
  const store = await DeviceStore.open(misled.level, misled.key);
  const [evidence] = await store.read(loadEvidence);
  await store.close();
  for (const note of [evidence!.kept, evidence!.shown])
    expect(note).toMatch(new RegExp(`^${one.log.key.name}\n`));
  expect(await honest.sealdesk.keyLogEvidence()).toEqual([]);
  await Promise.all([customer, honest].map(({ sealdesk }) => sealdesk.close()));
});

test.each([503, 404])(
  "a server that answers %i instead of the proof is reported after an hour, also over a restart",
  async (status) => {
    const one = new ShownLog(server);
    const other = new ShownLog(server, one);
    other.append(encodeKeyEntry({ ...forged(newId<UserId>()), version: 1 }));
    let refused = 0;
    let refuses = false;
    const local = { offsetMs: 0 };
    const fetch: Fetch = async (url, init) => {
      if (!refuses || !url.includes("/key-log/consistency")) return other.fetch(url, init);
      refused++;
      const body = JSON.stringify({ code: "unavailable", title: "Later.", status });
      return { ok: false, status, headers: { get: () => null }, text: async () => body };
    };
    const clock = { ...systemClock, now: () => Date.now() + local.offsetMs };
    const agent = await connectStaff(server, "agent", { runtime: { fetch: one.fetch } });
    let customer = await connectCustomer(server, { runtime: { fetch, clock } });
    const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const serving = await joined(agent, asking.id);
    await asking.send("do you see what I see?");
    refuses = true;
    await serving.send("I do not know");
    await readTexts(asking, 2);
    local.offsetMs += 60 * 60_000;
    customer = await customer.restart();
    expect(await securityEvent(customer)).toMatchObject({
      code: "key_log_unconfirmed",
      from: agent.sealdesk.user.id,
    });
    expect(refused).toBeGreaterThan(0);
    expect(await customer.sealdesk.keyLogEvidence()).toEqual([]);
    await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
  },
);

test("a head that the log did not sign is its sender's fault, and no evidence", async () => {
  const agent = await connectStaff(server);
  const load = KeyLog.load.bind(KeyLog);
  const loading = jest.spyOn(KeyLog, "load").mockImplementation(async (...args) => {
    const lying = await load(...args);
    let size = 1000;
    lying.headFor = () => ({
      size: size++,
      root: new Uint8Array(randomBytes(32)),
      signature: new Uint8Array(randomBytes(64)),
      restores: 0,
    });
    return lying;
  });
  const mallory = await connectCustomer(server);
  loading.mockRestore();
  const asking = await mallory.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  const texts = Array.from({ length: 40 }, (_, at) => `message ${at}`);
  for (const text of texts) await asking.send(text);
  expect(await readTexts(serving, texts.length)).toEqual(texts);
  const seen = await readUntil(serving, (all) => problemsOf(all).length === texts.length);
  expect(problemsOf(seen)[0]).toMatchObject({
    code: "invalid_key_log_head",
    user: mallory.sealdesk.user.id,
  });
  expect(await agent.sealdesk.keyLogEvidence()).toEqual([]);
  await Promise.all([agent, mallory].map(({ sealdesk }) => sealdesk.close()));
});

test("honest heads of different ages raise no alarm", async () => {
  const agent = await connectStaff(server);
  const events: SecurityEvent[] = [];
  agent.sealdesk.on("security", (event) => events.push(event));
  const customer = await connectCustomer(server);
  customer.sealdesk.on("security", (event) => events.push(event));
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, asking.id);
  await asking.send("one");
  const second = await connectSibling(server, agent);
  await (await joined(second, asking.id)).send("two");
  await serving.send("three");
  await connectStaff(server).then(({ sealdesk }) => sealdesk.close());
  await asking.send("four");
  expect(await readTexts(serving, 4)).toEqual(["one", "two", "three", "four"]);
  const restarted = await agent.restart();
  await (await joined(restarted, asking.id)).send("five");
  expect(await readTexts(asking, 5)).toHaveLength(5);
  expect(events).toEqual([]);
  await Promise.all([restarted, second, customer].map(({ sealdesk }) => sealdesk.close()));
});

test("a device that the server logs for an account is noticed by the account", async () => {
  const customer = await connectCustomer(server);
  const user = customer.sealdesk.user.id;
  const change = forged(user);
  await inTransaction(server.database.pool, server.tenant.id, (client) =>
    appendKeyEntry(client, change),
  );
  const again = await customer.restart();
  expect(await securityEvent(again)).toEqual({
    code: "unknown_device_logged",
    device: change.record.device,
    change: "device_added",
    version: 2,
  });
  await again.sealdesk.close();
});

test("a log that became shorter is refused", async () => {
  const agents = [await connectStaff(server), await connectStaff(server)];
  const [first, second] = agents.map(({ sealdesk }) => sealdesk.user.id);
  let old: Record<string, unknown> | undefined;
  const fetch = fetchChanging((path, body) => {
    if (!path.endsWith("/key-history")) return body;
    old ??= body as Record<string, unknown>;
    const { checkpoint, vkey } = old;
    return path.includes(second!) ? { ...(body as object), checkpoint, vkey } : body;
  });
  let customer = await connectCustomer(server, { runtime: { fetch } });
  await (await customer.sealdesk.openConversation({ with: [first!] })).send("hello");
  agents.push(await connectStaff(server));
  const third = agents[2]!.sealdesk.user.id;
  await (await customer.sealdesk.openConversation({ with: [third] })).send("hello");
  customer = await customer.restart({ runtime: { fetch } });

  const asking = await customer.sealdesk.openConversation({ with: [second!] });
  const problem = await readUntil(asking, (all) => problemsOf(all).length > 0);
  expect(problemsOf(problem)).toMatchObject([{ code: "key_not_logged", user: second }]);
  const evidence = await customer.sealdesk.keyLogEvidence();
  expect(evidence).toMatchObject([{ reason: "rolled_back", shown: old!["checkpoint"] }]);
  await Promise.all([customer, ...agents].map(({ sealdesk }) => sealdesk.close()));
});

test("a server cannot take back what a contact saw of a reset: the former account key stays over", async () => {
  const contact = await connectStaff(server);
  const admin = await staffDevice(server, "admin");
  const subject = randomUUID();
  const lost = await customerDevice(server, subject);
  const { user } = lost;
  const id = await createConversation(lost, [{ user: contact.sealdesk.user.id }]);
  const serving = await joined(contact, id);
  const under = async (join: (device: TestDevice) => void) => {
    const device = new TestDevice(server);
    await device.signInAsCustomer(subject);
    join(device);
    expect(await device.register()).toMatchObject({ status: 201 });
    await readUntil(serving, (all) =>
      all.some((item) => item.kind === "device_added" && item.device === device.id),
    );
    return device;
  };

  await admin.request("POST", `/v1/users/${user}/reset`, { body: { reason: "devices_lost" } });
  const returned = await under(() => undefined);

  // Whoever holds the database and a former device's keys has the reset undone, but in the log.
  const { owner } = server.database;
  await owner.query("delete from sealdesk.key_entries where user_id = $1 and version = 3", [user]);
  const revoke = "update sealdesk.devices set revoked_at_ms = $2 where id = $1";
  await owner.query(revoke, [returned.id, 1]);
  await owner.query(revoke, [lost.id, null]);
  await owner.query("update sealdesk.users set account_key = $2 where id = $1", [
    user,
    lost.accountKey.publicKey,
  ]);
  const reported = securityEvent(contact);
  await under((device) => device.joinAccountOf(lost));

  expect(await reported).toMatchObject({
    code: "key_log_inconsistent",
    evidence: { reason: "mismatch" },
  });
  const seen = await readUntil(serving, (all) => problemsOf(all).length === 3);
  expect(problemsOf(seen)).toMatchObject([
    { code: "account_key_changed", user },
    { code: "invalid_device_record", user }, // the device that the reset removed is listed again
    { code: "key_not_logged", user },
  ]);
  await expect(serving.send("secret")).rejects.toMatchObject({ code: "untrusted_member", user });
  await contact.sealdesk.close();
});

test("a verifier key that the application gives is gone by, and no other", async () => {
  const agent = await connectStaff(server);
  const wrong = new ShownLog(server).log;
  const keyLog = formatVkey(nodeChecks.sha256, wrong.key);
  const refused = { code: "key_log_inconsistent" };
  await expect(connectCustomer(server, { keyLog })).rejects.toMatchObject(refused);
  const customer = await (await connectCustomer(server)).restart({ keyLog });
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await expect(asking.send("secret")).rejects.toMatchObject({ code: "untrusted_member" });
  // What another key signed convicts nobody.
  expect(await customer.sealdesk.keyLogEvidence()).toEqual([]);
  await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
});

test("the log is asked about a contact once, not for each message", async () => {
  const agent = await connectStaff(server);
  const asked: string[] = [];
  const fetch = fetchChanging((path, body) => {
    asked.push(path);
    return body;
  });
  const customer = await connectCustomer(server, { runtime: { fetch } });
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  for (let at = 0; at < 20; at++) await asking.send(`message ${at}`);
  const path = `/v1/users/${agent.sealdesk.user.id}/key-history`;
  expect(asked.filter((each) => each === path)).toHaveLength(1);
  await Promise.all([agent, customer].map(({ sealdesk }) => sealdesk.close()));
});
