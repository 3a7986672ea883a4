/** What a grantor's device does if the relay lies about whose devices are whose. */
import type { SignableLog } from "../../../client/receipts/post-signed.ts";
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { saveRecord, type HistoryRecord } from "../../../client/conversation/history.ts";
import type { ConversationState } from "../../../client/conversation/state.ts";
import {
  HistoryGranter,
  type HistoryGranterDeps,
} from "../../../client/history/history-granter.ts";
import { createIdentityKey } from "../../../crypto/device/identity.ts";
import { SuiteError } from "../../../crypto/device/suite.ts";
import { noteList } from "../../../client/key-log/seen-lists.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../../crypto/wire/ids.ts";
import { ManualClock } from "./manual-clock.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const conversation = newId<ConversationId>();
const [self, recipient, accomplice] = [newId<UserId>(), newId<UserId>(), newId<UserId>()];
const [ownDevice, theirs, others] = [newId<DeviceId>(), newId<DeviceId>(), newId<DeviceId>()];

const message: HistoryRecord = {
  kind: "message",
  senderDevice: ownDevice,
  sender: self,
  clientMessageId: nilId<MessageId>(),
  epoch: 1,
  receivedAtMs: 1,
  transcriptHash: zeroHash,
  text: "secret",
  attachment: undefined,
  restored: undefined,
  about: undefined,
  arrived: [],
  departed: [],
  enters: false,
  payload: randomBytes(300),
  frankingKey: randomBytes(32),
  signature: undefined,
  frankingTag: zeroHash,
  control: undefined,
  problems: [],
  gap: undefined,
  device: undefined,
  grantedBy: undefined,
};

/** The conversation as the relay describes it, with this device listed as the recipient's. */
const listing = (device: DeviceId): ConversationState => ({
  seq: 3,
  transcriptHash: zeroHash,
  afterGap: false,
  malformed: false,
  unseen: false,
  arrivedAt: 0,
  changedAt: 1,
  restores: 0,
  cuts: [],
  withheld: [],
  withheldMembers: [],
  uncertified: [],
  unaccepted: [],
  joined: true,
  closed: false,
  invalid: false,
  epoch: 1,
  members: [
    { user: self, role: "customer", devices: [ownDevice] },
    { user: recipient, role: "agent", devices: [device] },
  ],
});

/** A log whose state is asked for each time. */
const logOf = (state: () => ConversationState): SignableLog => ({
  id: conversation,
  get state() {
    return state();
  },
  cursor: 3,
  until: async () => true,
});

/** A device with one message. Its suite is a double that would seal to any device. */
async function setUp() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await store.transact(async (transaction) => {
    saveRecord(transaction, conversation, 1, message);
    await createIdentityKey(transaction, "receipt");
    const list = { accountKey: randomBytes(32), version: 1, issuedAtMs: 0, validUntilMs: 1 };
    await noteList(transaction, recipient, list, 0);
  });
  const sealedTo: string[] = [];
  const stale: DeviceId[] = [];
  const uploaded = new Map<string, number>();
  const owners = new Map([
    [theirs, recipient],
    [others, accomplice],
  ]);
  const deps = {
    store,
    clock: new ManualClock(),
    localClock: new ManualClock(),
    renewal: { postponed: [], renew: async () => void stale.splice(0) },
    newId,
    signal: new AbortController().signal,
    whenSound: async () => undefined,
    account: { tenant: newId<TenantId>(), user: self, device: ownDevice },
    trust: { device: (device: DeviceId) => ({ user: owners.get(device) }) },
    lists: { refresh: async () => undefined, now: () => 0 },
    suite: {
      sealTo: async (_transaction: unknown, { devices }: { devices: readonly DeviceId[] }) => {
        if (stale.length > 0) throw new SuiteError("stale_session", "", { devices: stale });
        sealedTo.push(...devices);
        return devices.map((device) => ({ device, bytes: randomBytes(40) }));
      },
    },
    uploads: {
      offset: async (id: string) => uploaded.get(id),
      create: async (id: string) => void uploaded.set(id, 0),
      append: async (id: string, offset: number, body: Uint8Array) => {
        uploaded.set(id, offset + body.length);
        return offset + body.length;
      },
      remove: async (id: string) => void uploaded.delete(id),
    },
    api: { takeBundle: () => Promise.reject(new Error()), grantHistory: async () => ({ seq: 4 }) },
    onProgress: () => undefined,
  } as unknown as HistoryGranterDeps;
  return { granter: new HistoryGranter(deps), sealedTo, stale, uploaded };
}

const request = { to: recipient, fromSeq: 1, toSeq: 1, purpose: "hand_over" } as const;

test("the packs' keys are sealed to the recipient's device", async () => {
  const { granter, sealedTo } = await setUp();
  expect(
    (
      await granter.grant(
        logOf(() => listing(theirs)),
        request,
      )
    ).seq,
  ).toBe(4);
  expect(sealedTo).toEqual([theirs]);
});

test("a stale session is renewed before the packs' keys are sealed in it", async () => {
  const { granter, sealedTo, stale } = await setUp();
  stale.push(theirs);
  expect(
    (
      await granter.grant(
        logOf(() => listing(theirs)),
        request,
      )
    ).seq,
  ).toBe(4);
  expect(sealedTo).toEqual([theirs]);
  expect(stale).toEqual([]);
});

test("a device that is listed as the recipient's only until the check gets nothing", async () => {
  const { granter, sealedTo, uploaded } = await setUp();
  let asked = 0;
  // True at the time of the check, but not at the choice of devices.
  const state = () => listing(asked++ === 0 ? others : theirs);
  await expect(granter.grant(logOf(state), request)).rejects.toMatchObject({
    code: "member_not_found",
  });
  expect(sealedTo).toEqual([]);
  expect(uploaded.size).toBe(0);
});
