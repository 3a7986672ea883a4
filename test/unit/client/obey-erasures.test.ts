import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import {
  readHistory,
  saveRecord,
  type HistoryRecord,
} from "../../../client/conversation/history.ts";
import { saveCuts } from "../../../client/conversation/cuts.ts";
import { obeyErasures } from "../../../client/erasure/obey-erasures.ts";
import type { JsonRequest } from "../../../client/http/transport.ts";
import { saveKeptHead } from "../../../client/key-log/kept-head.ts";
import { moveToLost, readLost } from "../../../client/restore/lost-events.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import {
  parseId,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import {
  certificateBody,
  tenantLog,
  tenantLogEntries,
  type EntryChanges,
} from "../../support/certificates.ts";
import { MemoryLog } from "../../support/memory-log.ts";

beforeAll(() => ready);

const ERASURES = { 3: { actor: { kind: "system", id: "erasures" } } };
/** Entry 3 of the log destroys keys of this conversation in period 689. */
const conversation = parseId<ConversationId>("01930000-0000-7000-8000-000000000011");
const periodMs = 30 * 86_400_000;
const inErased = 689 * periodMs + 1_000;

const message = (receivedAtMs: number, about?: HistoryRecord["about"]): HistoryRecord => ({
  kind: "message",
  senderDevice: newId<DeviceId>(),
  sender: newId<UserId>(),
  clientMessageId: newId<MessageId>(),
  epoch: 0,
  receivedAtMs,
  transcriptHash: Uint8Array.from(randomBytes(32)),
  text: "what was said",
  payload: Uint8Array.from(randomBytes(16)),
  frankingKey: Uint8Array.from(randomBytes(32)),
  signature: Uint8Array.from(randomBytes(64)),
  frankingTag: zeroHash,
  control: undefined,
  arrived: [],
  departed: [],
  enters: false,
  problems: [],
  gap: undefined,
  attachment: undefined,
  restored: undefined,
  device: undefined,
  grantedBy: undefined,
  about,
});

/** A device with messages, and a server that shows it one notice with these entries. */
async function setUp(
  given: {
    readonly changes?: EntryChanges;
    /** The log from which the server proves what it says. */
    readonly from?: (honest: MemoryLog) => MemoryLog;
    readonly alter?: (entry: string) => string;
    readonly tenant?: string;
    /** Whether a notice without a proof comes before. */
    readonly afterUnproven?: boolean;
  } = {},
) {
  const { changes = ERASURES, from = (log) => log, alter = (entry) => entry } = given;
  const honest = tenantLog(undefined, changes);
  const body = await certificateBody(from(honest), changes);
  const entries = body.entries.slice(0, 1).map((each) => ({ ...each, entry: alter(each.entry) }));
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await store.transact(async (transaction) => {
    const name = "desk.example/keys/t/demo";
    const vkey = formatVkey(nodeChecks.sha256, { ...honest.key, name });
    saveKeptHead(transaction, { vkey, note: "", atMs: 0 });
    // What is kept was edited by a message that is erased.
    const edit = { seq: 3, transcriptHash: zeroHash, as: "edit" } as const;
    for (const [seq, receivedAtMs, about] of [
      [2, inErased],
      [3, inErased + periodMs],
      [4, inErased, edit],
    ] as const)
      saveRecord(transaction, conversation, seq, message(receivedAtMs, about));
    saveCuts(transaction, conversation, [
      { restore: 1, at: 1, backupOfMs: 0, messages: 1, returned: [] },
    ]);
  });
  await store.transact(async (transaction) => {
    const [entry] = await transaction.list(`history!${conversation}!`, { limit: 1 });
    moveToLost(transaction, conversation, 1, [[entry!, message(inErased)]]);
  });
  const acknowledged: string[] = [];
  const events: unknown[] = [];
  const id = newId();
  await obeyErasures({
    store,
    request: <T>({ method, path, answer }: JsonRequest<T>): Promise<T> => {
      void answer;
      if (method === "POST") acknowledged.push(path);
      const unproven = { id: newId(), entries: body.entries.slice(0, 1).map(unprovenOf) };
      const notices = [...(given.afterUnproven === true ? [unproven] : []), { id, entries }];
      return Promise.resolve({ checkpoint: body.checkpoint, notices } as T);
    },
    keyLog: { refresh: () => Promise.resolve() },
    account: { tenant: (given.tenant ?? body.tenant) as never },
    onErased: (...event) => events.push(event),
    onUnproven: (problem) => events.push(problem),
  });
  const [kept, lost] = await store.read(async (transaction) => [
    await readHistory(transaction, conversation, 0, 10),
    await readLost(transaction, conversation, { restore: 1, after: 0, limit: 10 }),
  ]);
  return { id, kept, lost, acknowledged, events };
}

const unprovenOf = <Entry extends { readonly entry: string }>(each: Entry): Entry => ({
  ...each,
  entry: each.entry.replace("[[", '[["another",1],['),
});

function ofAnotherTenant(honest: MemoryLog): MemoryLog {
  const other = new MemoryLog("desk.example/audit/t/other", honest);
  other.append(tenantLogEntries(ERASURES));
  return other;
}

const texts = (all: readonly (readonly [number, HistoryRecord])[]) =>
  all.map(([seq, { text }]) => [seq, text]);

test("a device removes what was erased, also what only it has, and acknowledges it (R37)", async () => {
  const { id, kept, lost, acknowledged, events } = await setUp();
  expect(texts(kept)).toEqual([
    [3, "what was said"],
    [4, undefined],
  ]);
  expect(texts(lost)).toEqual([[2, undefined]]);
  const [, [, erased] = []] = kept;
  expect(erased).toMatchObject({
    payload: undefined,
    frankingKey: undefined,
    signature: undefined,
    // Otherwise the edit would show an empty text.
    about: undefined,
  });
  // Its place in the log stays, so a device still notices another log.
  expect(erased?.transcriptHash).not.toEqual(zeroHash);
  expect(acknowledged).toEqual([`v1/devices/current/erasures/${id}/acknowledgement`]);
  expect(events).toEqual([[conversation, 2]]);
});

test("a notice without a proof holds up no other one (R37)", async () => {
  const { id, acknowledged, events } = await setUp({ afterUnproven: true });
  expect(acknowledged).toEqual([`v1/devices/current/erasures/${id}/acknowledgement`]);
  expect(events).toEqual(["invalid_proof", [conversation, 2]]);
});

test.each<[string, Parameters<typeof setUp>[0], string]>([
  ["a log of another key", { from: () => tenantLog(undefined, ERASURES) }, "unsigned"],
  ["the log of another tenant by the same key", { from: ofAnotherTenant }, "unsigned"],
  [
    "an entry that the log does not have",
    { alter: (entry) => entry.replace("[[", '[["another",1],[') },
    "invalid_proof",
  ],
  ["an entry about another tenant", { tenant: newId() }, "mismatch"],
  [
    "keys that no erasure destroyed",
    { changes: { 3: { actor: { kind: "system", id: "retention" } } } },
    "mismatch",
  ],
  [
    "a destruction that failed",
    { changes: { 3: { ...ERASURES[3], outcome: "failed" } } },
    "mismatch",
  ],
  ["another act", { changes: { 3: { ...ERASURES[3], action: "keys.destroy_begin" } } }, "mismatch"],
])("a device removes nothing for %s, and says so (R37)", async (_, given, problem) => {
  const { kept, lost, acknowledged, events } = await setUp(given);
  expect(texts([...kept, ...lost]).map(([, text]) => text)).toEqual(Array(3).fill("what was said"));
  expect(acknowledged).toEqual([]);
  expect(events).toEqual([problem]);
});
