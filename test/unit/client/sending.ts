import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { uuidv7 } from "uuidv7";
import { ConversationLog } from "../../../client/conversation/log.ts";
import { Sender } from "../../../client/conversation/sender.ts";
import {
  SessionRenewal,
  type OverdueSession,
} from "../../../client/conversation/session-renewal.ts";
import type { Trust } from "../../../client/device/trust.ts";
import type { SealdeskError } from "../../../client/errors.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import {
  SuiteError,
  type PreKeyBundle,
  type SealRequest,
  type Suite,
} from "../../../crypto/device/suite.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { Frame, Refused, Send } from "../../../crypto/wire/frame.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  MessageId,
} from "../../../crypto/wire/ids.ts";
import { limits } from "./log-double.ts";
import { ManualClock, settle } from "./manual-clock.ts";
import { newId } from "../../../tools/testkit/ids.ts";

export const ownDevice = newId<DeviceId>();
export const peer = newId<DeviceId>();
export const conversation = newId<ConversationId>();

/** A suite double that encrypts nothing. It counts keys and asks for a session once. */
function suiteDouble(): Suite & {
  readonly seen: string[];
  hasSession: boolean;
  staleSinceMs: number | undefined;
} {
  let key = uuidv7();
  let fresh = true;
  const suite = {
    name: "signal-v1" as const,
    seen: [] as string[],
    hasSession: true,
    staleSinceMs: undefined as number | undefined,
    failingSinceMs: undefined as number | undefined,
    rotate() {
      suite.seen.push("rotate");
      key = uuidv7();
      fresh = true;
      return Promise.resolve();
    },
    establish(_transaction: unknown, bundle: PreKeyBundle) {
      suite.seen.push(`establish ${bundle.device === peer}`);
      suite.hasSession = true;
      suite.staleSinceMs = undefined;
      suite.failingSinceMs = undefined;
      return Promise.resolve();
    },
    staleSessions(_transaction: unknown, devices: readonly DeviceId[]) {
      const { staleSinceMs: sinceMs } = suite;
      return Promise.resolve(
        sinceMs === undefined ? [] : devices.map((device) => ({ device, sinceMs })),
      );
    },
    async noteUnrenewed(transaction: unknown, devices: readonly DeviceId[], nowMs: number) {
      const stale = await suite.staleSessions(transaction, devices);
      if (stale.length > 0) suite.failingSinceMs ??= nowMs;
      const failingSinceMs = suite.failingSinceMs ?? nowMs;
      return stale.map((session) => ({ ...session, failingSinceMs }));
    },
    seal(
      _transaction: unknown,
      { without = [], unrenewed = [] }: Pick<SealRequest, "without" | "unrenewed">,
    ) {
      const isLeftOut = without.includes(peer);
      if (!suite.hasSession && !isLeftOut)
        return Promise.reject(new SuiteError("no_session", "", { devices: [peer] }));
      if (fresh && suite.staleSinceMs !== undefined && !unrenewed.includes(peer))
        return Promise.reject(new SuiteError("stale_session", "", { devices: [peer] }));
      const packets = fresh ? [{ device: peer, bytes: randomBytes(isLeftOut ? 0 : 8) }] : [];
      fresh = false;
      return Promise.resolve({ keyId: key, ciphertext: randomBytes(32), packets });
    },
  };
  return suite as never;
}

/** A sender in a conversation with one other device, and what it sends. */
export async function setUp(
  takeBundle?: () => Promise<PreKeyBundle>,
  syncClock: () => Promise<void> = () => Promise.resolve(),
) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const log = new ConversationLog(
    conversation,
    { tenant: newId<TenantId>(), device: ownDevice, user: newId<UserId>() },
    store,
    limits,
    undefined,
  );
  const user = newId<UserId>();
  const state = (epoch: number, devices = [ownDevice, peer]) => ({
    seq: epoch,
    transcriptHash: zeroHash,
    joined: true,
    closed: false,
    invalid: false,
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
    epoch,
    members: [{ user, role: "agent", devices }],
  });
  log.advance(state(1));
  const suite = suiteDouble();
  const clock = new ManualClock();
  const trust = { device: (_device: string): { readonly user: string } => ({ user }) };
  const sent: Send[] = [];
  const unreachable: string[] = [];
  let silences = 0;
  const held: SealdeskError[] = [];
  const api = {
    takeBundle: takeBundle ?? (() => Promise.resolve({ device: peer } as PreKeyBundle)),
  };
  const overdue: OverdueSession[] = [];
  const onOverdue = (session: OverdueSession) => overdue.push(session);
  const sender = new Sender(
    {
      store,
      renewal: new SessionRenewal({ store, suite, api, localClock: clock, onOverdue }),
      log,
      lists: { refresh: () => Promise.resolve(), now: () => clock.now() },
      keyLog: { headFor: () => undefined },
      suite,
      clock,
      localClock: clock,
      conversation,
      account: { tenant: newId<TenantId>(), user, device: ownDevice },
      sign: () => Promise.resolve(new Uint8Array(64)),
      ownDevice,
      newId,
      syncClock,
      trust: trust as unknown as Trust,
      api,
      transmit: (frame: Frame) => frame.kind === "send" && sent.push(frame.body) > 0,
      onSilence: () => silences++,
      onUnreachable: (device) => unreachable.push(device),
      onHeld: (error) => held.push(error),
      onFailure: (error) => {
        throw error;
      },
    },
    [],
  );
  sender.open();
  const refuse = async (id: MessageId, code: string, more: Partial<Refused> = {}) => {
    const lists = { devices: [], missing: [], extra: [], stale: [] };
    sender.refused({
      conversation,
      clientMessageId: id,
      code,
      message: "",
      epoch: 1,
      retryAfterMs: 0,
      ...lists,
      ...more,
    });
    await wait();
  };
  return {
    store,
    log,
    state,
    suite,
    clock,
    sent,
    sender,
    refuse,
    trust,
    unreachable,
    held,
    overdue,
    silences: () => silences,
  };
}

/** Resolves when nothing more happens by itself. */
export async function wait(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle();
}
