/** Follows the log back over many pages, and cuts packs at their limit, without a server. */
import { createHash, randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { uuidv7 } from "uuidv7";
import { expect, test } from "@jest/globals";
import { Retry } from "../../../client/attachments/retry.ts";
import { saveRecord, type HistoryRecord } from "../../../client/conversation/history.ts";
import { packBytes } from "../../../client/history/build-pack.ts";
import { followLinks } from "../../../client/history/follow-links.ts";
import {
  dropIncoming,
  getLink,
  incomingJob,
  loadIncoming,
  putIncoming,
} from "../../../client/history/incoming-job.ts";
import type { OutgoingJob } from "../../../client/history/outgoing-job.ts";
import { readPack } from "../../../crypto/device/history-pack.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { linkHash, zeroHash } from "../../../crypto/wire/event.ts";
import type { HistoryGrant } from "../../../crypto/wire/receipt.ts";
import {
  nilId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type MessageId,
  type TenantId,
} from "../../../crypto/wire/ids.ts";
import { ManualClock } from "./manual-clock.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const conversation = newId<ConversationId>();
const device = newId<DeviceId>();
const user = newId<UserId>();
const account = { tenant: newId<TenantId>() };
const authority = { openAt: () => Promise.resolve(undefined) };
const pageSize = 256;

const newStore = () =>
  DeviceStore.open(new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" }), randomBytes(32));

const recordOf = (seq: number, changes: Partial<HistoryRecord> = {}): HistoryRecord => ({
  kind: "message",
  senderDevice: device,
  sender: user,
  clientMessageId: nilId<MessageId>(),
  epoch: 1,
  receivedAtMs: seq,
  transcriptHash: zeroHash,
  text: `text ${seq}`,
  attachment: undefined,
  restored: undefined,
  about: undefined,
  arrived: [],
  departed: [],
  enters: false,
  payload: randomBytes(300),
  frankingKey: randomBytes(32),
  signature: randomBytes(64),
  frankingTag: zeroHash,
  control: undefined,
  problems: [],
  gap: undefined,
  device: undefined,
  grantedBy: undefined,
  ...changes,
});

/** A log of messages as the relay describes it. */
function logOf(length: number) {
  const sha256 = (input: Uint8Array) => createHash("sha256").update(input).digest();
  const hashes: Uint8Array[] = [zeroHash];
  const links = Array.from({ length }, (_, index) => {
    const seq = index + 1;
    const link = {
      seq,
      kind: "message" as const,
      senderDevice: device,
      epoch: 1,
      keyId: device,
      clientMessageId: newId<MessageId>(),
      receivedAtMs: seq,
      digest: randomBytes(32),
      commitment: randomBytes(32),
      frankingTag: randomBytes(32),
      control: undefined,
    };
    const header = { ...link, conversation, receivedAtMs: seq };
    hashes.push(linkHash(sha256, hashes[index]!, header, link.digest, link.commitment));
    return link;
  });
  let asked = 0;
  const api = {
    readLinks: async (_conversation: string, _grant: string, until: number) => {
      asked++;
      const first = Math.max(1, until - pageSize + 1);
      return { links: links.slice(first - 1, until), previousHash: hashes[first - 1] };
    },
  };
  return { links, hashes, api, asked: () => asked };
}

async function newcomer(log: ReturnType<typeof logOf>, joinedSeq: number) {
  const store = await newStore();
  await store.transact(async (transaction) =>
    saveRecord(
      transaction,
      conversation,
      joinedSeq,
      recordOf(joinedSeq, { transcriptHash: log.hashes[joinedSeq]! }),
    ),
  );
  const grant = {
    id: uuidv7(),
    conversation,
    grantor: user,
    fromSeq: 100,
    toSeq: 700,
    fromHash: log.hashes[100]!,
    toHash: log.hashes[700]!,
  } as HistoryGrant;
  const job = incomingJob(grant, joinedSeq + 1, []);
  await store.transact(async (transaction) => putIncoming(transaction, job));
  return { store, job };
}

const retry = () => new Retry(new ManualClock(), new AbortController().signal);

test("the log is followed back page by page, and after a crash from where it stopped", async () => {
  const log = logOf(1000);
  const { store, job } = await newcomer(log, 990);
  const failing = {
    readLinks: (...asked: Parameters<typeof log.api.readLinks>) =>
      log.asked() === 2 ? Promise.reject(new Error("crash")) : log.api.readLinks(...asked),
  };
  await expect(
    followLinks({ store, api: failing, account, authority }, job, retry()),
  ).rejects.toThrow("crash");
  const [half] = await loadIncoming(store);
  expect(half?.unlinked?.seq).toBe(990 - 2 * pageSize);
  const done = await followLinks({ store, api: log.api, account, authority }, half!, retry());
  expect(done.unlinked!.seq).toBeLessThan(100);
  expect(log.asked()).toBe(4);
  const kept = await store.read(async (transaction) =>
    Promise.all([99, 100, 700, 701].map((seq) => getLink(transaction, job.grant, seq))),
  );
  expect(kept.map((link) => link !== undefined)).toEqual([false, true, true, false]);
  expect(kept[1]).toMatchObject({ commitment: new Uint8Array(log.links[99]!.commitment) });
});

test("a grant that a restore of the server lost is not followed any more", async () => {
  const log = logOf(1000);
  const { store, job } = await newcomer(log, 990);
  await store.transact((transaction) => dropIncoming(transaction, conversation, job.seq));
  expect(await loadIncoming(store)).toHaveLength(1);
  await store.transact((transaction) => dropIncoming(transaction, conversation, job.seq - 1));
  await expect(
    followLinks({ store, api: log.api, account, authority }, job, retry()),
  ).rejects.toThrow("lead");
  expect(await loadIncoming(store)).toEqual([]);
});

test.each([
  ["an event altered", (links: { commitment: Uint8Array }[]) => (links[3]!.commitment = zeroHash)],
  ["a missing event", (links: unknown[]) => links.splice(3, 1)],
  ["two events swapped", (links: unknown[]) => links.splice(3, 2, links[4], links[3])],
  ["nothing at all", (links: unknown[]) => links.splice(0)],
])("a log with %s is not followed", async (_name, tamper) => {
  const log = logOf(1000);
  const { store, job } = await newcomer(log, 990);
  const api = {
    async readLinks(...asked: Parameters<typeof log.api.readLinks>) {
      const { links, previousHash } = await log.api.readLinks(...asked);
      const shown = links.map((link) => ({ ...link }));
      tamper(shown);
      return { links: shown, previousHash };
    },
  };
  await expect(followLinks({ store, api, account, authority }, job, retry())).rejects.toMatchObject(
    {
      name: "UnverifiableError",
    },
  );
});

test("a grantor who signed another log than the newcomer's is not trusted", async () => {
  const log = logOf(1000);
  const { store, job } = await newcomer(log, 990);
  const other = { ...job, fromHash: zeroHash };
  await expect(
    followLinks({ store, api: log.api, account, authority }, other, retry()),
  ).rejects.toMatchObject({
    seq: 100,
  });
});

test("packs are cut at their limit and together hold the range", async () => {
  const store = await newStore();
  await store.transact(async (transaction) => {
    for (let seq = 1; seq <= 200; seq++)
      saveRecord(
        transaction,
        conversation,
        seq,
        recordOf(seq, seq === 50 ? { payload: undefined, frankingKey: undefined } : {}),
      );
  });
  const job = { id: uuidv7(), conversation, next: 10, toSeq: 190 } as OutgoingJob;
  const seqs: number[] = [];
  let packs = 0;
  for (let next = job.next; next <= job.toSeq; packs++) {
    const begun = packBytes(store, { ...job, next }, 10_000);
    async function* counted() {
      next = yield* begun;
    }
    for await (const entry of readPack(job.id, counted()))
      if (entry.kind === "message") seqs.push(entry.message.seq);
  }
  expect(packs).toBeGreaterThan(5);
  expect(seqs).toEqual(
    Array.from({ length: 181 }, (_, index) => index + 10).filter((seq) => seq !== 50),
  );
  const beyond = packBytes(store, { ...job, toSeq: 201 }, 1_000_000);
  const toTheEnd = async () => {
    while ((await beyond.next()).done !== true);
  };
  await expect(toTheEnd()).rejects.toMatchObject({ code: "history_incomplete" });
});
