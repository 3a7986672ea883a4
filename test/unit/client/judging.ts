/** Membership events in a conversation of a customer and this device's user. */
import { judgeControl } from "../../../client/conversation/judge-control.ts";
import { unknown, type ConversationState } from "../../../client/conversation/state.ts";
import type { MembershipVerdict } from "../../../client/conversation/verdict.ts";
import { nilUuid, transcriptHash, zeroHash } from "../../../crypto/wire/event.ts";
import type { Control, Deliver, Member } from "../../../crypto/wire/frame.ts";
import type { MembershipAct } from "../../../crypto/wire/membership.ts";
import {
  nilId,
  type ConversationId,
  type DeviceId,
  type MessageId,
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
export const self = { user: own.user, device: own.devices[0] ?? newId<DeviceId>() };
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

export const controlOf = ({ kind, by = customer, of = by, members, epoch }: Shown): Control => ({
  epoch,
  actor: by.user,
  subject: of.user,
  members,
  creation:
    kind === "created"
      ? {
          suite: "signal-v1",
          device: newId<DeviceId>(),
          signature: new Uint8Array(64),
          creator: undefined,
          users: members.map(({ user }) => user),
        }
      : undefined,
  receipt: undefined,
  signer: undefined,
});

export const judge = (before: ConversationState | undefined, shown: Shown): MembershipVerdict =>
  judgeControl(
    before,
    {
      kind: shown.kind,
      seq: shown.seq ?? (before?.seq ?? 0) + 1,
      epoch: shown.epoch,
      senderDevice: (shown.by ?? customer).devices[0] ?? nilId(),
    },
    controlOf(shown),
    self,
  );
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
export const malformed = { kind: "malformed", leaves: false };

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
