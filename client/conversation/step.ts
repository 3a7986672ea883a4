import type { Deliver, Gap } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { toShow, uncertifiedAmong } from "./certified-staff.ts";
import { changedDevice } from "./device-change.ts";
import type { HistoryRecord, Problem, Self } from "./history.ts";
import type { Opened } from "./open-event.ts";
import { passedOver } from "./sequence-check.ts";
import {
  memberWith,
  stateAfter,
  unknown,
  type ConversationState,
  type UnacceptedKey,
} from "./state.ts";
import { unacceptedAfter } from "./unaccepted-keys.ts";
import type { MembershipVerdict } from "./verdict.ts";

/** What the store, the suite and the server told about an event whose place was checked. */
export type Facts =
  | {
      readonly kind: "message";
      readonly opened: Opened;
      /** The user who owns the sending device by certificate; undefined if there is none. */
      readonly certified: UserId | undefined;
    }
  | {
      readonly kind: "membership";
      readonly verdict: MembershipVerdict;
      /** Whether the creation record is valid. Undefined if the event does not need one. */
      readonly valid: boolean | undefined;
      /** The members whom the tenant's authority certifies in their role, among those who come. */
      readonly certified: ReadonlySet<UserId>;
      /** The account key under which the act was signed, if this device does not trust it yet. */
      readonly unaccepted?: UnacceptedKey | undefined;
      /** The problems that were found apart from the verdict. */
      readonly problems: readonly Problem[];
    };

/** What an event changes, all in one transaction. */
export interface Step {
  readonly state: ConversationState;
  /** What the history shows of the event: see `itemsOf`. */
  readonly record: HistoryRecord;
  /** The events before it that the relay passed over. The history shows them as a gap. */
  readonly passed: Pick<Gap, "from" | "to"> | undefined;
}

/** Returns what an event changes. It asks nobody and stores nothing. */
export function step(
  before: ConversationState | undefined,
  event: Deliver,
  facts: Facts,
  self: Self,
): Step {
  const { verdict, valid } =
    facts.kind === "membership" ? facts : { verdict: undefined, valid: undefined };
  const after = stateAfter(before, event, { verdict, valid }, self.device);
  return {
    state:
      facts.kind === "membership" && facts.verdict.kind === "accepted"
        ? {
            ...after,
            uncertified: uncertifiedAmong(before, after.members, facts.certified, self),
            unaccepted: unacceptedAfter(after, event, facts.unaccepted, facts.verdict.enters),
          }
        : after,
    record:
      facts.kind === "membership"
        ? membershipRecord(before, event, facts, self)
        : messageRecord(before, event, facts),
    passed: passedOver(before, event.seq),
  };
}

const headerOf = (event: Deliver) => ({
  kind: event.kind,
  senderDevice: event.senderDevice,
  clientMessageId: event.clientMessageId,
  epoch: event.epoch,
  receivedAtMs: event.receivedAtMs,
  transcriptHash: event.transcriptHash,
  frankingTag: event.frankingTag,
  gap: undefined,
  grantedBy: undefined,
});

function messageRecord(
  before: ConversationState | undefined,
  event: Deliver,
  { opened, certified }: Extract<Facts, { readonly kind: "message" }>,
): HistoryRecord {
  // If a message is not shown, its sender may be named by the relay only.
  const sender = certified ?? memberWith((before ?? unknown).members, event.senderDevice)?.user;
  return {
    ...opened,
    ...headerOf(event),
    sender,
    control: undefined,
    arrived: [],
    departed: [],
    enters: false,
    device: undefined,
  };
}

/** Returns what is shown of an event whose list is not taken. */
function problemsOf(
  verdict: Exclude<MembershipVerdict, { readonly kind: "accepted" }>,
): readonly Problem[] {
  switch (verdict.kind) {
    case "malformed":
      return [{ code: verdict.code, user: undefined }];
    case "unproven":
      return [{ code: "invalid_receipt", user: verdict.actor }];
    case "outside":
      return [];
  }
}

function membershipRecord(
  before: ConversationState | undefined,
  event: Deliver,
  { verdict, valid, certified, problems }: Extract<Facts, { readonly kind: "membership" }>,
  self: Self,
): HistoryRecord {
  const base = {
    ...headerOf(event),
    sender: undefined,
    text: undefined,
    attachment: undefined,
    restored: undefined,
    about: undefined,
    payload: undefined,
    frankingKey: undefined,
    signature: undefined,
  };
  if (verdict.kind !== "accepted") {
    return {
      ...base,
      control: undefined,
      arrived: [],
      departed: [],
      enters: false,
      device: undefined,
      problems: problemsOf(verdict),
    };
  }
  const { control, arrived, departed, enters } = verdict;
  const uncertified = toShow(before, control.members, certified, self).map((user): Problem => ({
    code: "staff_not_certified",
    user,
  }));
  const invalid =
    valid === false ? [{ code: "invalid_creation", user: control.actor } as const] : [];
  return {
    ...base,
    control,
    arrived,
    departed,
    enters,
    device: changedDevice(before, event.kind, verdict, self),
    problems: [...problems, ...uncertified, ...invalid],
  };
}
