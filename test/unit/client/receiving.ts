import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { uuidv7 } from "uuidv7";
import type { About } from "../../../client/conversation/about.ts";
import type { LoggedItem } from "../../../client/conversation/items.ts";
import { ConversationLog } from "../../../client/conversation/log.ts";
import {
  putEntry,
  unsealedEntry,
  withSealing,
  type Sealing,
} from "../../../client/conversation/outbox.ts";
import { Receiver } from "../../../client/conversation/receiver.ts";
import type { KnownDevice, Trust } from "../../../client/device/trust.ts";
import { SealdeskError } from "../../../client/errors.ts";
import type { ProblemItem } from "../../../client/index.ts";
import { encodePayload, type Payload } from "../../../crypto/wire/payload.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { Suite } from "../../../crypto/device/suite.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { UserId, DeviceId, MessageId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account, authority, conversation, deviceKey, limits, receiptKey } from "./log-double.ts";
import { ManualClock, settle } from "./manual-clock.ts";

/** The payload of a message that carries a head of the key log, and a key to commit to it. */
function frankedOf(clientMessageId: MessageId, text: string) {
  const payload = encodePayload({
    conversation,
    senderDevice: account.device,
    epoch: 1,
    clientMessageId,
    lastSeen: { seq: 0, transcriptHash: zeroHash },
    keyLogHead: { size: 1, root: randomBytes(32), signature: randomBytes(64), restores: 0 },
    body: { kind: "text", text },
  });
  return { payload, frankingKey: randomBytes(32), signature: randomBytes(64) };
}

/** @param unseen whether the store is an older copy that does not know of the events */
export async function setUp(
  lookUp: () => Promise<readonly []> = () => Promise.resolve([]),
  unseen = false,
) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const key = randomBytes(32);
  const store = await DeviceStore.open(level, key);
  await store.transact(async (tx) => tx.put("identity!receipt", receiptKey.privateKey));
  const log = new ConversationLog(conversation, account, store, limits, undefined);
  const told: string[] = [];
  const keyLog = {
    hear: () => Promise.resolve(true),
    compareHeard: () => undefined,
    noteTold: ({ clientMessageId }: Payload) => void told.push(clientMessageId),
    restores: 0,
  };
  let applied = 0;
  const recorded: number[] = [];
  const problems: ProblemItem[] = [];
  const gaps: number[] = [];
  let recycled = 0;
  const clock = new ManualClock();
  const known = new Map<DeviceId, KnownDevice>();
  const trust = {
    lookUp,
    admit: () => Promise.resolve({ distrusted: [], committed: () => undefined }),
    device: (device: DeviceId) => known.get(device),
  };
  // Every member of staff is certified.
  const staff = {
    lookUp: (members: readonly { readonly user: UserId; readonly role: string }[]) =>
      Promise.resolve(
        members.map((member) => ({
          ...member,
          accountKey: new Uint8Array(32),
          fromMs: 0,
          untilMs: 1,
          authority: zeroHash,
        })),
      ),
    admit: (_: unknown, found: readonly { readonly user: UserId }[]) =>
      Promise.resolve(new Set(found.map(({ user }) => user))),
    isCurrent: () => Promise.resolve(true),
    forget: () => undefined,
  };
  const receiver = new Receiver({
    staff,
    authority,
    api: { accountOf: () => Promise.reject(new Error("no account is asked for")) },
    store,
    log,
    clock,
    localClock: clock,
    lists: clock,
    account,
    // No event of another device arrives here.
    suite: { name: "signal-v1", rotate: () => Promise.resolve() } as unknown as Suite,
    trust: trust as unknown as Trust,
    keyLog,
    deviceKey: deviceKey.publicKey,
    rollback: { isUnseen: () => unseen },
    limits,
    onRecorded: ({ seq }) => recorded.push(seq),
    onCaughtUp: () => undefined,
    onSame: () => undefined,
    onRestoreApplied: async () => void applied++,
    onGap: (to) => gaps.push(to),
    onLogProblem: (problem, recycle) => {
      if (problem !== undefined) problems.push(problem);
      if (recycle) recycled++;
    },
    onFailure: (error) => {
      throw error;
    },
  });
  /** Queues and seals a message as the sender does. */
  const queue = async (text: string, about?: About): Promise<[MessageId, Sealing]> => {
    const id = newId<MessageId>();
    const sealing: Sealing = {
      epoch: 1,
      keyId: uuidv7(),
      ciphertext: randomBytes(64),
      commitment: randomBytes(32),
      packets: [],
    };
    const said = unsealedEntry({ text, about }, log.cursor);
    const entry = withSealing(said, sealing, frankedOf(id, text));
    await store.transact(async (tx) => putEntry(tx, conversation, id, entry));
    return [id, sealing];
  };
  /** Queues a message again that was sealed before. */
  const requeue = (id: MessageId, text: string, sealing: Sealing): Promise<void> => {
    const entry = withSealing(unsealedEntry({ text }, log.cursor), sealing, frankedOf(id, text));
    return store.transact(async (tx) => putEntry(tx, conversation, id, entry));
  };
  const items = async (after = 0, restores?: number): Promise<LoggedItem[]> => {
    log.end(new SealdeskError("closed", ""), true);
    const all: LoggedItem[] = [];
    for await (const item of log.items(after, undefined, restores)) all.push(item);
    return all;
  };
  const wait = async () => {
    for (let turn = 0; turn < 20; turn++) await settle();
  };
  return {
    level,
    key,
    store,
    keyLog,
    /** The devices of others that this device has checked. */
    known,
    /** The ids of the own messages whose heads count as told. */
    told,
    applied: () => applied,
    log,
    receiver,
    recorded,
    gaps,
    problems,
    clock,
    queue,
    requeue,
    items,
    wait,
    recycled: () => recycled,
  };
}
