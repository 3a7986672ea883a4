/** Membership events in a conversation of a customer and this device's user. */
import { judgeControl, type FoundReceipt } from "../../../client/conversation/judge-control.ts";
import { unknown, type ConversationState } from "../../../client/conversation/state.ts";
import type { MembershipVerdict } from "../../../client/conversation/verdict.ts";
import { nilUuid, transcriptHash, zeroHash } from "../../../crypto/wire/event.ts";
import type { Control, Deliver, Member } from "../../../crypto/wire/frame.ts";
import { encodeReceipt, type Receipt } from "../../../crypto/wire/receipt.ts";
import { isMembershipKind, receiptFor } from "../../../crypto/wire/receipt-checks.ts";
import { membersBytes } from "../../../crypto/wire/signed-records.ts";
import type { MembershipAct } from "../../../crypto/wire/membership.ts";
import {
  nilId,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type TenantId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import { ready, sha256 } from "../../../crypto/device/sodium.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

export const member = (role: string, count = 1): Member => ({
  user: newId<UserId>(),
  role,
  devices: Array.from({ length: count }, () => newId<DeviceId>()),
});
export const customer = member("customer");
export const own = member("agent");
export const ghost = member("agent");
export const self = {
  tenant: newId<TenantId>(),
  user: own.user,
  device: own.devices[0] ?? newId<DeviceId>(),
};
export const withDevices = (of: Member, ...devices: readonly DeviceId[]): Member => ({
  ...of,
  devices,
});
export const linked = newId<DeviceId>();

export const state = (changes: Partial<ConversationState> = {}): ConversationState => ({
  ...unknown,
  seq: 4,
  transcriptHash: zeroHash,
  afterGap: false,
  joined: true,
  epoch: 3,
  changedAt: 1,
  members: [customer, own],
  ...changes,
});

export interface Shown {
  readonly kind: MembershipAct["kind"];
  readonly by?: Member;
  readonly of?: Member;
  readonly members: readonly Member[];
  readonly epoch: number;
  readonly seq?: number;
}

const conversation = newId<ConversationId>();
/** The kinds of events that bring the creation record. */
const kinds: ReadonlySet<string> = new Set(["created", "member_added", "device_added"]);
/** The customer began the conversation. */
const creation = {
  suite: "signal-v1",
  device: deviceOf(customer),
  signature: new Uint8Array(64),
  creator: {
    user: customer.user,
    accountKey: new Uint8Array(32),
    deviceKey: new Uint8Array(32),
    identityKey: new Uint8Array(33),
    receiptKey: new Uint8Array(32),
    certificate: new Uint8Array(64),
  },
};

/** The content of an event. A person's act has a receipt that follows the event before it. */
export function controlOf(shown: Shown, after = seqOf(undefined, shown) - 1): Control {
  const { kind, by = customer, of = by, members, epoch } = shown;
  const named = members.map(({ user }) => user);
  const control: Control = {
    epoch,
    actor: by.user,
    subject: of.user,
    members,
    creation: kinds.has(kind) ? { ...creation, users: named } : undefined,
    receipt: undefined,
    signer: undefined,
    staffCertificate: undefined,
  };
  const receipt = receiptOf(shown, control, after);
  if (receipt === undefined) return control;
  const text = encodeReceipt(receipt);
  return { ...control, receipt: { text, signature: new Uint8Array(64) } };
}

function receiptOf(
  { kind, by = customer }: Shown,
  { actor, subject, epoch, members }: Control,
  seq: number,
): Receipt | undefined {
  const after = { seq, hash: zeroHash };
  const at = { version: 1, tenant: self.tenant, conversation, after, atMs: 1 } as const;
  const device = deviceOf(by);
  if (kind === "consent_changed") {
    const consent = {
      purpose: "history_sharing",
      state: "given",
      record: new Uint8Array(32).fill(6),
    } as const;
    return { ...at, ...consent, type: "consent", id: newId(), user: actor, device };
  }
  if (!isMembershipKind(kind)) return undefined;
  const digest = sha256(membersBytes(members));
  const act = { kind, actor, actorDevice: device, subject, epoch, members: digest };
  return { ...at, ...act, type: "membership", id: newId() };
}

function deviceOf({ devices: [device] }: Member): DeviceId {
  return device ?? nilId();
}
const seqOf = (before: ConversationState | undefined, { seq }: Shown): number =>
  seq ?? (before?.seq ?? 0) + 1;

/** Judges an event whose receipt follows the event before it, and was signed for this log. */
export function judge(before: ConversationState | undefined, shown: Shown): MembershipVerdict {
  const seq = seqOf(before, shown);
  const at = placed(shown, seq);
  const control = controlOf(shown, seq - 1);
  return judgeControl(before, at, control, self, foundIn(at, control));
}

/** The receipt of an event, whose signer saw this device's log and is certified. */
export function foundIn(
  event: ReturnType<typeof placed>,
  control: Control,
  certified: FoundReceipt["certified"] = { role: "supervisor" },
): FoundReceipt | undefined {
  const receipt = receiptFor(sha256, self.tenant, event, control);
  return receipt && { receipt, followed: zeroHash, certified };
}

/** The place of an event, and the device that acts. */
export const placed = ({ kind, by = customer, epoch }: Shown, seq: number) => ({
  kind,
  seq,
  epoch,
  conversation,
  senderDevice: deviceOf(by),
});
export const consent = (members: readonly Member[], epoch = 3): Shown => ({
  kind: "consent_changed",
  members,
  epoch,
});
export const accepted = (arrived: readonly Member[], enters = false) => ({
  kind: "accepted",
  arrived,
  enters,
});
export const malformed = { kind: "malformed", code: "malformed_event", leaves: false };

/** A delivered event that continues the log from `previousHash`. */
export function eventOf(shown: Shown, previousHash: Uint8Array): Deliver {
  const header = {
    conversation: newId<ConversationId>(),
    seq: shown.seq ?? 0,
    kind: shown.kind,
    senderDevice: self.device,
    epoch: shown.epoch,
    keyId: nilUuid,
    clientMessageId: nilId<MessageId>(),
    receivedAtMs: 1,
  };
  const ciphertext = new Uint8Array(0);
  return {
    ...header,
    ciphertext,
    commitment: zeroHash,
    frankingTag: zeroHash,
    transcriptHash: transcriptHash(sha256, previousHash, header, ciphertext, zeroHash),
    packet: undefined,
    previousHash,
  };
}
