/**
 * Consents: what a customer gives and withdraws, what every member's device makes of it, and what a dishonest server
 * cannot do with it.
 */
import { setTimeout as pause } from "node:timers/promises";
import { nodeChecks } from "../../audit/node-checks.ts";
import { verifyConsentReceipt } from "../../audit/verify/consent-receipt.ts";
import { parseVkey } from "../../audit/verify/note.ts";
import { parseTlogProof } from "../../audit/verify/tlog-proof.ts";
import type { ConversationItem } from "../../client/index.ts";
import { setMessageRevisions } from "../../identity/accounts/set-message-revisions.ts";
import { deferred } from "../../client/deferred.ts";
import type { Fetch } from "../../client/runtime.ts";
import { systemClock } from "../../client/runtime.ts";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  type Member,
} from "../support/member.ts";
import { consentToSharing, putNoticeInForce, withdrawSharing } from "../support/notices.ts";
import { staffDevice } from "../support/device.ts";
import { siblingOf } from "../support/history.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await putNoticeInForce(server);
});
afterAll(() => server.close());

/** A network whose answers to some requests are what `change` makes of them. */
function lying() {
  const network = {
    change: undefined as
      ((path: string, body: Body) => Body | Promise<Body | undefined> | undefined) | undefined,
    fetch: (async (url, init) => {
      const answer = await globalThis.fetch(url, init);
      const text = await answer.text();
      const body = text.startsWith("{") ? (JSON.parse(text) as Body) : {};
      const changed = answer.ok ? await network.change?.(new URL(url).pathname, body) : undefined;
      const { ok, status, headers } = answer;
      const said = changed === undefined ? text : JSON.stringify(changed);
      return { ok, status, headers, text: () => Promise.resolve(said) };
    }) as Fetch,
  };
  return network;
}
// oxlint-disable-next-line typescript/no-explicit-any
type Body = Record<string, any>;

const analytics = async ({ sealdesk }: Member) =>
  ({ purpose: "analytics", notice: await sealdesk.notices.current(["de"]) }) as const;

/** The key of the audit log whose checkpoint is in a receipt. The same key signs the key log. */
async function auditKeyOf(receipt: string) {
  const { proof } = JSON.parse(receipt) as { proof: string };
  const [name = ""] = parseTlogProof(proof).checkpoint.split("\n");
  const device = await staffDevice(server);
  const { body } = await device.request("GET", "/v1/key-log/checkpoint");
  return { ...parseVkey(nodeChecks.sha256, body.vkey as string), name };
}

test("a consent for the account has a receipt that anybody verifies, and is withdrawn as easily", async () => {
  const customer = await connectCustomer(server);
  const { consents, notices } = customer.sealdesk;
  const asked = await analytics(customer);
  expect(asked.notice).toMatchObject({ language: "de", version: 1 });
  await notices.shown(asked.notice);
  const given = await consents.give(asked);
  await expect(consents.give(asked)).rejects.toMatchObject({ code: "forbidden" });
  expect(await consents.list()).toMatchObject([
    { id: given, purpose: "analytics", state: "given", lawfulBasis: "consent", inForce: true },
  ]);

  const receipt = await consents.receipt(given);
  const key = await auditKeyOf(receipt);
  const proven = verifyConsentReceipt(nodeChecks, receipt, key);
  expect(proven).toMatchObject({ record: { id: given }, notice: { text: asked.notice.text } });
  const entry = fromUtf8(fromBase64Url((JSON.parse(receipt) as { entry: string }).entry));
  expect(entry).toContain('"action":"consent.given"');

  const withdrawn = await consents.withdraw({ purpose: "analytics" });
  await expect(consents.withdraw({ purpose: "analytics" })).rejects.toMatchObject({
    code: "forbidden",
  });
  expect(await consents.list()).toMatchObject([
    { id: given, inForce: false },
    { id: withdrawn, state: "withdrawn", previous: { number: 1 } },
  ]);
  const end = await consents.receipt(withdrawn);
  expect(verifyConsentReceipt(nodeChecks, end, key).record.state).toBe("withdrawn");
  await closeAll(customer);
});

test("a receipt in which anything is changed is refused", async () => {
  const customer = await connectCustomer(server);
  const first = await customer.sealdesk.consents.give(await analytics(customer));
  const receipt = await customer.sealdesk.consents.receipt(first);
  const key = await auditKeyOf(receipt);
  const file = JSON.parse(receipt) as Body;
  const flipped = (text: string) => {
    const bytes = fromBase64Url(text);
    bytes[bytes.length - 2]! ^= 1;
    return toBase64Url(bytes);
  };
  const withFlipped = (entry: string, name: string) => {
    const fields = JSON.parse(fromUtf8(fromBase64Url(entry))) as Body;
    return toBase64Url(utf8(JSON.stringify({ ...fields, [name]: flipped(fields[name]) })));
  };
  const changes: Body[] = [
    ...["record", "signature", "entry"].map((name) => ({ ...file, [name]: flipped(file[name]) })),
    ...["accountKey", "deviceKey", "receiptKey", "certificate", "approval"].map((name) => ({
      ...file,
      devices: [withFlipped(file["devices"][0], name)],
    })),
    { ...file, devices: [] },
    { ...file, notice: { ...file["notice"], text: "We sell your messages." } },
    { ...file, notice: { ...file["notice"], controller: "Somebody else" } },
    { ...file, notice: undefined },
    { ...file, proof: (file["proof"] as string).replace(/index \d+/, "index 0") },
  ];
  for (const changed of changes)
    expect(() => verifyConsentReceipt(nodeChecks, JSON.stringify(changed), key)).toThrow();
  const other = { ...key, publicKey: new Uint8Array(32).fill(7) };
  expect(() => verifyConsentReceipt(nodeChecks, receipt, other)).toThrow();
  await closeAll(customer);
});

test("two devices of an account continue one chain", async () => {
  const customer = await connectCustomer(server);
  const sibling = await siblingOf(server, customer);
  const notice = await customer.sealdesk.notices.current();
  await Promise.all([
    customer.sealdesk.consents.give({ purpose: "analytics", notice }),
    customer.sealdesk.consents.give({ purpose: "moderation", notice }),
    sibling.sealdesk.consents.give({ purpose: "processing", notice }),
  ]);
  const numbers = (await sibling.sealdesk.consents.list()).map(({ previous }) => previous.number);
  expect(numbers).toEqual([0, 1, 2]);
  await closeAll(customer, sibling);
});

test("an answer that a later one overtakes does not look like a lie", async () => {
  const network = lying();
  const customer = await connectCustomer(server, { runtime: { fetch: network.fetch } });
  const { consents } = customer.sealdesk;
  const asked = await analytics(customer);
  const [held, given] = [deferred<void>(), deferred<void>()];
  network.change = async () => {
    network.change = undefined;
    held.resolve();
    // The consent may wait for this answer.
    await Promise.race([given.promise, pause(4000)]);
    return undefined;
  };
  const listing = consents.list();
  await held.promise;
  const giving = consents.give(asked).finally(() => given.resolve());
  expect(await listing).toEqual([]);
  await giving;
  expect(await consents.list()).toHaveLength(1);
  await closeAll(customer);
});

test.each<[string, (body: Body) => Body]>([
  ["suppresses the last", ({ consents }) => ({ consents: consents.slice(0, -1) })],
  ["suppresses the first", ({ consents }) => ({ consents: consents.slice(1) })],
  ["reorders", ({ consents }) => ({ consents: [consents[1], consents[0], ...consents.slice(2)] })],
  ["replays", ({ consents }) => ({ consents: [...consents, consents[0]] })],
  [
    "invents",
    ({ consents }) => ({ consents: [...consents, { ...consents[0], signature: "A".repeat(86) }] }),
  ],
])("the person's device notices a server that %s a record (R33)", async (_how, change) => {
  const network = lying();
  const customer = await connectCustomer(server, { runtime: { fetch: network.fetch } });
  const { consents } = customer.sealdesk;
  await consents.give(await analytics(customer));
  await consents.withdraw({ purpose: "analytics" });
  let isDone = false;
  network.change = (path, body) => {
    if (!path.endsWith("/consents")) return undefined;
    const page = isDone ? { consents: [] } : change(body);
    isDone = true;
    return page;
  };
  await expect(consents.list()).rejects.toMatchObject({ code: "consents_altered" });
  await closeAll(customer);
});

/** A customer who consents to sharing with an agent, whose network may lie and whose clock may jump. */
async function arrange() {
  const network = lying();
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const agent = await connectStaff(server, "agent", { runtime: { fetch: network.fetch, clock } });
  const customer = await connectCustomer(server);
  const talk = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const serving = await joined(agent, talk.id);
  const consent = await consentToSharing(customer, talk.id);
  await readUntil(serving, (all) => all.some(({ kind }) => kind === "consent_changed"));
  const jump = (ms: number) => void (aheadMs += ms);
  return { network, jump, agent, customer, talk, serving, consent };
}

const isStatement = (path: string) => path.endsWith("/consents/history_sharing");

test("a device relies on a consent for less than a minute, and on none without a connection", async () => {
  const { network, jump, agent, customer, serving, talk, consent } = await arrange();
  expect(await serving.requireConsent("history_sharing")).toBe(consent);
  await expect(serving.requireConsent("archiving")).rejects.toMatchObject({
    code: "consent_required",
  });
  network.change = (path) => {
    if (isStatement(path)) throw new TypeError("the network is gone");
    return undefined;
  };
  expect(await serving.requireConsent("history_sharing")).toBe(consent);
  jump(60_000);
  await expect(serving.requireConsent("history_sharing")).rejects.toMatchObject({
    code: "network",
  });
  network.change = undefined;
  await withdrawSharing(customer, talk.id);
  await expect(serving.requireConsent("history_sharing")).rejects.toMatchObject({
    code: "consent_required",
  });
  await closeAll(agent, customer);
});

test("a device does not rely on a consent after the time at which it ends by itself", async () => {
  const { network, jump, agent, customer, serving } = await arrange();
  const { consents } = customer.sealdesk;
  const asked = await analytics(customer);
  const given = await consents.give({ ...asked, expiresAtMs: Date.now() + 40_000 });
  expect(await serving.requireConsent("analytics")).toBe(given);
  network.change = (path) => {
    if (path.endsWith("/consents/analytics")) throw new TypeError("the network is gone");
    return undefined;
  };
  expect(await serving.requireConsent("analytics")).toBe(given);
  // The statement itself counts for 50 seconds.
  jump(40_000);
  await expect(serving.requireConsent("analytics")).rejects.toMatchObject({ code: "network" });
  await closeAll(agent, customer);
});

test("a withdrawal for the account ends what was given in a conversation", async () => {
  const { agent, customer, serving, consent } = await arrange();
  await customer.sealdesk.consents.withdraw({ purpose: "history_sharing" });
  await expect(serving.requireConsent("history_sharing")).rejects.toMatchObject({
    code: "consent_required",
  });
  expect(await customer.sealdesk.consents.list()).toMatchObject([
    { id: consent, inForce: false },
    { state: "withdrawn" },
  ]);
  await closeAll(agent, customer);
});

test("a device takes no statement that is old, unsigned, or about another record (R34)", async () => {
  const { network, jump, agent, customer, talk, serving } = await arrange();
  let earlier: Body | undefined;
  network.change = (path, body) => {
    if (isStatement(path)) earlier = body;
    return undefined;
  };
  await serving.requireConsent("history_sharing");
  const refused = async (change: (body: Body) => Body) => {
    jump(60_000);
    network.change = (path, body) => (isStatement(path) ? change(body) : undefined);
    await expect(serving.requireConsent("history_sharing")).rejects.toMatchObject({
      code: "consent_unverified",
    });
  };
  await refused(() => earlier!);
  await refused((body) => ({
    ...body,
    statement: body["statement"].replace(/ \S+\n$/, " AAAA\n"),
  }));
  await refused((body) => ({
    ...body,
    statement: body["statement"].replace('"inForce":true', '"inForce":false'),
  }));
  await refused((body) => ({ ...body, decidedBy: null }));
  await refused((body) => ({
    ...body,
    decidedBy: { ...body["decidedBy"], signature: "A".repeat(86) },
  }));
  await withdrawSharing(customer, talk.id);
  await refused(() => earlier!);
  await closeAll(agent, customer);
});

test("a server with its own key cannot take a withdrawal back that a device was shown", async () => {
  const { jump, agent, customer, talk, serving } = await arrange();
  await withdrawSharing(customer, talk.id);
  await expect(serving.requireConsent("history_sharing")).rejects.toMatchObject({
    code: "consent_required",
  });
  // The server suppresses the withdrawal, and states again that the consent is in force.
  await server.database.owner.query(
    "delete from sealdesk.consents where user_id = $1 and state = 'withdrawn'",
    [customer.sealdesk.user.id],
  );
  jump(60_000);
  await expect(serving.requireConsent("history_sharing")).rejects.toMatchObject({
    code: "consents_altered",
  });
  await closeAll(agent, customer);
});

test("a correction is shown beside the original on every device, and changes nothing of it", async () => {
  const { agent, customer, talk, serving } = await arrange();
  const { seq } = await talk.send("I take 50 mg.");
  await readUntil(serving, (all) => all.some((item) => item.seq === seq));
  await serving.correct(seq, "The dose is 5 mg.");
  const corrections = (items: readonly ConversationItem[]) =>
    items.filter((item) => item.kind === "message" && item.corrects !== undefined);
  for (const conversation of [talk, serving]) {
    const items = await readUntil(conversation, (all) => corrections(all).length > 0);
    expect(corrections(items)).toMatchObject([
      { text: "The dose is 5 mg.", corrects: seq, sender: agent.sealdesk.user.id },
    ]);
    expect(items).toContainEqual(expect.objectContaining({ seq, text: "I take 50 mg." }));
    expect(problemsOf(items)).toEqual([]);
  }
  await expect(talk.correct(1, "no")).rejects.toMatchObject({ code: "history_incomplete" });
  await closeAll(agent, customer);
});

test("the author edits and deletes a message, if the organisation allows it, and nobody else does", async () => {
  const { slug } = server.tenant;
  const refused = { code: "revision_refused" };
  const allow = (minutes: number | null) =>
    setMessageRevisions(server.database.ownerUrl, { slug, minutes, nowMs: Date.now() });
  const before = await arrange();
  const { seq: kept } = await before.talk.send("My number is 5.");
  await expect(before.talk.edit(kept, "6")).rejects.toMatchObject(refused);
  await closeAll(before.agent, before.customer);

  await allow(15);
  const { jump, agent, customer, talk, serving } = await arrange();
  const { seq } = await talk.send("I take 50 mg.");
  const { seq: file } = await talk.sendAttachment({
    name: "a",
    type: "text/plain",
    data: utf8("a"),
  });
  await readUntil(serving, (all) => all.some((item) => item.seq === file));
  await expect(serving.edit(seq, "I take 500 mg.")).rejects.toMatchObject(refused);
  await expect(serving.delete(seq)).rejects.toMatchObject(refused);
  await expect(talk.edit(file, "b")).rejects.toMatchObject(refused);
  const edited = await talk.edit(seq, "I take 5 mg.");
  const deleted = await talk.delete(seq);
  await expect(talk.edit(seq, "I take 1 mg.")).rejects.toMatchObject(refused);
  const last = await talk.delete(file);
  for (const conversation of [talk, serving]) {
    // A message that is read again has the revisions that came after it.
    await readUntil(conversation, (all) => all.some((item) => item.seq === last.seq));
    const items = await readUntil(conversation, (all) => all.some((item) => item.seq === last.seq));
    expect(items).toContainEqual(expect.objectContaining({ edits: seq, text: "I take 5 mg." }));
    expect(items.find((item) => item.seq === seq)).toMatchObject({
      text: "I take 50 mg.",
      revisions: [
        { kind: "edit", seq: edited.seq, text: "I take 5 mg." },
        { kind: "deletion", seq: deleted.seq },
      ],
    });
    expect(items.find((item) => item.seq === file)).toMatchObject({
      kind: "attachment",
      revisions: [{ kind: "deletion", seq: last.seq }],
    });
    expect(problemsOf(items)).toEqual([]);
  }
  // The clock of the agent's device goes ahead.
  const { seq: own } = await serving.send("Wednesday");
  jump(15 * 60_000 + 1);
  await expect(serving.edit(own, "Thursday")).rejects.toMatchObject(refused);
  await closeAll(agent, customer);
  await allow(null);
});
