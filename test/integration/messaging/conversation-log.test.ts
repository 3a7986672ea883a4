import { randomUUID } from "node:crypto";
import { transcriptHash, zeroHash } from "../../../crypto/wire/event.ts";
import { nilId, type TenantId, type UserId, type DeviceId } from "../../../crypto/wire/ids.ts";
import type { ConversationLog } from "../../../messaging/log/conversation-log.ts";
import { sha256 } from "../../../messaging/log/number-message.ts";
import type { PostOutcome } from "../../../messaging/log/plan-messages.ts";
import { readEvents } from "../../../messaging/follow/read-events.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  arrangeConversation,
  arrangeTenant,
  messageFor,
  openLog,
  messageIdAt,
  type ArrangedConversation,
} from "../../support/conversations.ts";
import { idOf, newId } from "../../../tools/testkit/ids.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";

let database: TestDatabase;
let tenant: TenantId;
const nodes: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await arrangeTenant(database);
});
afterAll(async () => {
  await Promise.all(nodes.map((close) => close()));
  await database.drop();
});

async function node(now?: () => number) {
  const opened = await openLog(database, now);
  nodes.push(opened.close);
  return opened;
}

function seqOf(outcome: PostOutcome): number {
  if (!outcome.accepted) throw new Error(`refused: ${outcome.refusal.code}`);
  return outcome.message.seq;
}

const refusalOf = (outcome: PostOutcome) => (outcome.accepted ? "accepted" : outcome.refusal.code);

/** Reads the log as a member does and checks numbering and hash chain on the way. */
async function checkedLog(conversation: ArrangedConversation) {
  const { keyTree } = await node();
  const read = await readEvents(database.pool, keyTree.scopes, {
    tenant: conversation.tenant,
    conversation: conversation.id,
    device: conversation.devices[0] ?? nilId<DeviceId>(),
    reader: {
      tenant: conversation.tenant,
      user: nilId<UserId>(),
      role: "agent",
      policy: defaultPolicy,
    },
    afterSeq: 0,
    untilSeq: Number.MAX_SAFE_INTEGER,
    limit: 10_000,
  });
  const events = read.filter((event) => event.kind !== "erased");
  expect(events).toHaveLength(read.length);
  let previous = zeroHash;
  for (const [index, event] of events.entries()) {
    expect(event.seq).toBe(index + 1);
    const hash = transcriptHash(sha256, previous, event, event.ciphertext, event.commitment);
    expect(event.transcriptHash).toEqual(hash);
    expect(event.previousHash).toEqual(previous);
    previous = hash;
  }
  return events;
}

test("accepts, numbers without gaps, and publishes in order", async () => {
  const { log, published } = await node();
  const conversation = await arrangeConversation(database, log, tenant);
  const [sender = nilId<DeviceId>()] = conversation.devices;
  const key = randomUUID();
  const outcomes = await Promise.all(
    Array.from({ length: 90 }, (_, index) =>
      log.post({
        tenant,
        signIn: unknownSignIn,
        senderDevice: sender,
        send: messageFor(conversation, sender, key, { first: index === 0 }),
      }),
    ),
  );
  expect(outcomes.map(seqOf)).toEqual(Array.from({ length: 90 }, (_, index) => index + 2));
  expect(published.map((event) => event.seq)).toEqual(Array.from({ length: 91 }, (_, i) => i + 1));
  expect(await checkedLog(conversation)).toHaveLength(91);
});

test("a repeat gets the first answer, from memory, from the database, and in a later epoch", async () => {
  const { log } = await node();
  const conversation = await arrangeConversation(database, log, tenant);
  const [senderDevice = nilId<DeviceId>()] = conversation.devices;
  const send = messageFor(conversation, senderDevice, randomUUID(), { first: true });
  const first = await log.post({ tenant, signIn: unknownSignIn, senderDevice, send });
  const changed = { ...send, ciphertext: new Uint8Array(10) };
  expect(
    seqOf(await log.post({ tenant, signIn: unknownSignIn, senderDevice, send: changed })),
  ).toBe(seqOf(first));
  const other = (await node()).log;
  const again = await other.post({ tenant, signIn: unknownSignIn, senderDevice, send });
  expect(again).toMatchObject({
    accepted: true,
    message: { seq: 2, transcriptHash: first.accepted && first.message.transcriptHash },
  });
  const stale = (await node()).log;
  expect(
    seqOf(
      await stale.post({
        tenant,
        signIn: unknownSignIn,
        senderDevice,
        send: { ...send, epoch: 9 },
      }),
    ),
  ).toBe(2);
  expect(await checkedLog(conversation)).toHaveLength(2);
});

test("two nodes that write one conversation at once never fork it", async () => {
  const both = [(await node()).log, (await node()).log] as const;
  const conversation = await arrangeConversation(database, both[0], tenant);
  const posts: Promise<PostOutcome>[] = [];
  for (const [index, log] of both.entries()) {
    const senderDevice = conversation.devices[index] ?? nilId<DeviceId>();
    const key = randomUUID();
    for (let message = 0; message < 60; message++)
      posts.push(
        log.post({
          tenant,
          signIn: unknownSignIn,
          senderDevice,
          send: messageFor(conversation, senderDevice, key, { first: message === 0 }),
        }),
      );
  }
  const seqs = (await Promise.all(posts)).map(seqOf);
  expect(new Set(seqs).size).toBe(120);
  expect(await checkedLog(conversation)).toHaveLength(121);
});

test("a month's end neither forks a conversation nor forgets a message id", async () => {
  const newYear = Date.UTC(2031, 0, 1);
  await database.owner.query(
    "select sealdesk.ensure_partitions(to_timestamp($1)), sealdesk.ensure_partitions(to_timestamp($2))",
    [newYear / 1000 - 60, newYear / 1000],
  );
  const december = (await node(() => newYear - 2_000)).log;
  const january = (await node(() => newYear + 2_000)).log;
  const conversation = await arrangeConversation(database, december, tenant, 2, newYear - 5_000);
  const [senderDevice = nilId<DeviceId>(), other = nilId<DeviceId>()] = conversation.devices;
  const key = randomUUID();
  const before = messageFor(conversation, senderDevice, key, {
    first: true,
    madeAtMs: newYear - 3_000,
  });
  expect(
    seqOf(await december.post({ tenant, signIn: unknownSignIn, senderDevice, send: before })),
  ).toBe(2);

  const otherKey = randomUUID();
  const inJanuary = messageFor(conversation, other, otherKey, {
    first: true,
    madeAtMs: newYear + 1_000,
  });
  expect(
    seqOf(
      await january.post({ tenant, signIn: unknownSignIn, senderDevice: other, send: inJanuary }),
    ),
  ).toBe(3);
  // The slow clock's node still believes that 3 is free in December.
  const late = messageFor(conversation, senderDevice, key, { madeAtMs: newYear - 2_000 });
  expect(
    seqOf(await december.post({ tenant, signIn: unknownSignIn, senderDevice, send: late })),
  ).toBe(4);
  expect(
    seqOf(
      await (
        await node(() => newYear + 3_000)
      ).log.post({ tenant, signIn: unknownSignIn, senderDevice, send: before }),
    ),
  ).toBe(2);
  expect(await checkedLog(conversation)).toHaveLength(4);
});

test("messages that must be refused are not stored", async () => {
  const nowMs = Date.now();
  const { log } = await node();
  const conversation = await arrangeConversation(database, log, tenant, 3);
  const [senderDevice = nilId<DeviceId>(), second = nilId<DeviceId>(), third = nilId<DeviceId>()] =
    conversation.devices;
  const key = randomUUID();
  const good = messageFor(conversation, senderDevice, key, { first: true });
  const outsider = newId<DeviceId>();
  const stranger = newId<DeviceId>();
  const post = (send: typeof good, device = senderDevice) =>
    log.post({ tenant, signIn: unknownSignIn, senderDevice: device, send });

  expect(refusalOf(await post({ ...good, epoch: 2 }))).toBe("stale_epoch");
  expect(refusalOf(await post({ ...good, epoch: 0 }))).toBe("stale_epoch");
  expect(refusalOf(await post(good, outsider))).toBe("not_a_member");
  expect(refusalOf(await post({ ...good, ciphertext: new Uint8Array(64 * 1024 + 1) }))).toBe(
    "message_too_large",
  );
  expect(
    refusalOf(await post({ ...good, clientMessageId: messageIdAt(nowMs - 31 * 86_400_000) })),
  ).toBe("stale_message_id");
  expect(refusalOf(await post({ ...good, clientMessageId: messageIdAt(nowMs + 6 * 60_000) }))).toBe(
    "stale_message_id",
  );
  expect(refusalOf(await post({ ...good, clientMessageId: idOf(randomUUID()) }))).toBe(
    "stale_message_id",
  );
  const packet = (device: DeviceId) => ({ device, bytes: new Uint8Array(1) });
  expect(
    await post({ ...good, packets: [packet(second), packet(stranger), packet(senderDevice)] }),
  ).toMatchObject({
    accepted: false,
    refusal: {
      code: "device_mismatch",
      missing: [third],
      extra: [stranger, senderDevice],
      stale: [],
    },
  });
  expect(
    refusalOf(await post({ ...good, packets: [packet(second), packet(third), packet(third)] })),
  ).toBe("device_mismatch");

  expect(seqOf(await post(good))).toBe(2);
  const under = messageFor(conversation, senderDevice, key);
  expect(refusalOf(await post({ ...under, packets: good.packets }))).toBe("device_mismatch");
  const stolen = messageFor(conversation, second, key);
  expect(refusalOf(await post(stolen, second))).toBe("key_expired");
  expect(await checkedLog(conversation)).toHaveLength(2);
});

test("a key is refused after the tenant's limits, also by a node that did not count", async () => {
  const strict = await arrangeTenant(database, 3);
  const { log } = await node();
  const conversation = await arrangeConversation(database, log, strict);
  const [senderDevice = nilId<DeviceId>()] = conversation.devices;
  const key = randomUUID();
  const post = (by: ConversationLog, first = false) =>
    by.post({
      tenant: strict,
      signIn: unknownSignIn,
      senderDevice,
      send: messageFor(conversation, senderDevice, key, { first }),
    });
  expect([
    refusalOf(await post(log, true)),
    refusalOf(await post(log)),
    refusalOf(await post(log)),
  ]).toEqual(["accepted", "accepted", "accepted"]);
  expect(refusalOf(await post(log))).toBe("key_expired");
  expect(refusalOf(await post((await node()).log))).toBe("key_expired");
  const later = (await node(() => Date.now() + 3_600_001)).log;
  const fresh = randomUUID();
  const send = messageFor(conversation, senderDevice, fresh, { first: true });
  expect(seqOf(await log.post({ tenant: strict, signIn: unknownSignIn, senderDevice, send }))).toBe(
    5,
  );
  expect(
    refusalOf(
      await later.post({
        tenant: strict,
        signIn: unknownSignIn,
        senderDevice,
        send: messageFor(conversation, senderDevice, fresh),
      }),
    ),
  ).toBe("key_expired");
});

test("tenants never meet: a foreign conversation is not there", async () => {
  const { log } = await node();
  const conversation = await arrangeConversation(database, log, tenant);
  const [senderDevice = nilId<DeviceId>()] = conversation.devices;
  const foreign = await arrangeTenant(database);
  const send = messageFor(conversation, senderDevice, randomUUID(), { first: true });
  await expect(
    log.post({ tenant: foreign, signIn: unknownSignIn, senderDevice, send }),
  ).rejects.toMatchObject({
    code: "conversation_not_found",
  });
  expect(seqOf(await log.post({ tenant, signIn: unknownSignIn, senderDevice, send }))).toBe(2);
  await expect(
    log.post({ tenant: foreign, signIn: unknownSignIn, senderDevice, send }),
  ).rejects.toMatchObject({
    code: "conversation_not_found",
  });
});

test("a batch cut off from the database is stored once, not lost and not twice", async () => {
  const { log, published, heads } = await node();
  const conversation = await arrangeConversation(database, log, tenant);
  const [senderDevice = nilId<DeviceId>()] = conversation.devices;
  const key = randomUUID();
  const posts: Promise<PostOutcome>[] = [];
  for (let index = 0; index < 90; index++) {
    posts.push(
      log.post({
        tenant,
        signIn: unknownSignIn,
        senderDevice,
        send: messageFor(conversation, senderDevice, key, { first: index === 0 }),
      }),
    );
    if (index % 30 === 10)
      await database.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'sealdesk'`,
      );
  }
  const seqs = (await Promise.all(posts)).map(seqOf);
  expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 90 }, (_, i) => i + 2));
  expect(await checkedLog(conversation)).toHaveLength(91);
  // What was stored without an answer is announced as a head, so that live members fetch it.
  const announced = new Set(published.map((event) => event.seq));
  expect(announced.size).toBe(published.length);
  expect(Math.max(...announced, heads.get(conversation.id) ?? 0)).toBe(91);
});
