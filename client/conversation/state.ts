import {
  decodeControl,
  encodeControl,
  type Deliver,
  type Member,
} from "../../crypto/wire/frame.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import {
  bytes,
  deviceId,
  fixed,
  list,
  message,
  nested,
  uint,
  userId,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import {
  parseId,
  nilId,
  type UserId,
  type DeviceId,
  type ConversationId,
} from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { loadCuts, type Cut } from "./cuts.ts";
import type { MembershipVerdict } from "./verdict.ts";

const prefix = "conversation!";
const unacceptedAct = message({ user: [1, userId], accountKey: [2, fixed(32)], seq: [3, uint()] });
/** An account key of a member that this device does not trust yet, and the last event that was signed under it. */
export type UnacceptedAct = MessageOf<typeof unacceptedAct>;
/** An account key of a member that this device does not trust yet. */
export type UnacceptedKey = Pick<UnacceptedAct, "user" | "accountKey">;

const record = message({
  seq: [1, uint()],
  transcriptHash: [2, fixed(32)],
  joined: [3, uint(1)],
  closed: [4, uint(1)],
  invalid: [5, uint(1)],
  control: [6, bytes(1024 * 1024)],
  afterGap: [7, uint(1)],
  restores: [8, uint()],
  withheld: [9, list(deviceId, 4096)],
  withheldMembers: [10, list(userId, 4096)],
  unseen: [11, uint(1)],
  malformed: [12, uint(1)],
  arrivedAt: [13, uint()],
  uncertified: [14, list(userId, 4096)],
  changedAt: [15, uint()],
  unaccepted: [16, list(nested(unacceptedAct), 4096)],
});

/**
 * This device's knowledge of a conversation as of the event `seq`, which is the cursor to resume
 * from.
 */
export interface ConversationState {
  readonly seq: number;
  readonly transcriptHash: Uint8Array;
  /**
   * True if the event `seq` and its hash are gone. The hash chain begins again with the next event.
   */
  readonly afterGap: boolean;
  /** True if this device belongs to a member. */
  readonly joined: boolean;
  readonly closed: boolean;
  /** True if the creation record is invalid. Nothing is sealed for such a conversation. */
  readonly invalid: boolean;
  /**
   * True if the log shows a membership event that no act makes of the members before it. Nothing is
   * sealed for such a conversation until an event makes this device a member again.
   */
  readonly malformed: boolean;
  readonly epoch: number;
  /**
   * The last members that this device computed or was shown. Whoever it is then shown besides them is
   * told to the reader first.
   */
  readonly members: readonly Member[];
  /** True if events that may have changed the members since then are gone. */
  readonly unseen: boolean;
  /**
   * The last event that listed somebody who had come unseen, or 0. A message that was written before it
   * is not sealed for them.
   */
  readonly arrivedAt: number;
  /** The last event that this device saw and that is not a message, or 0. */
  readonly changedAt: number;
  /** Number of the last restore of the server that was applied to this conversation. */
  readonly restores: number;
  /** The cuts in the order in which they are shown. */
  readonly cuts: readonly Cut[];
  /**
   * Devices that had been removed, and that are back because the server lost their removal. Nothing is
   * sealed for them.
   */
  readonly withheld: readonly DeviceId[];
  /**
   * Users who had been removed, or whose last device had been, and who are back for the same reason.
   * Nothing is sealed for any device of theirs, old or new.
   */
  readonly withheldMembers: readonly UserId[];
  /**
   * Members whom the relay calls staff and whom the tenant's authority does not certify. Nothing is
   * sealed for them, and they change no members.
   */
  readonly uncertified: readonly UserId[];
  /**
   * The account keys under which members changed the members or the conversation before this device trusted
   * them. Nothing is sealed until a person has accepted each of them.
   */
  readonly unaccepted: readonly UnacceptedAct[];
}

/** Returns every conversation that this device was ever in, in order of their ids. */
export async function loadStates(
  store: DeviceStore,
): Promise<readonly (readonly [ConversationId, ConversationState])[]> {
  const [entries, cutsOf] = await store.read(async (transaction) => [
    await transaction.list(prefix),
    await loadCuts(transaction),
  ]);
  return entries.map(([key, value]) => {
    const { seq, transcriptHash, control, ...stored } = decodeRecord(record, value);
    const { epoch, members } = decodeControl(control);
    const flags = {
      joined: stored.joined === 1,
      closed: stored.closed === 1,
      invalid: stored.invalid === 1,
      malformed: stored.malformed === 1,
      afterGap: stored.afterGap === 1,
      unseen: stored.unseen === 1,
    };
    const { arrivedAt, changedAt, restores, withheld, withheldMembers } = stored;
    const { uncertified, unaccepted } = stored;
    const conversation = parseId<ConversationId>(key.slice(prefix.length));
    const cuts = cutsOf.get(conversation) ?? [];
    const restored = { restores, cuts, withheld, withheldMembers, uncertified, unaccepted };
    const known = { seq, transcriptHash, ...flags, epoch, members, arrivedAt, changedAt };
    return [conversation, { ...known, ...restored }];
  });
}

/** Stores the state apart from its cuts, which change seldom: see `saveCuts`. */
export function saveState(
  transaction: StoreTransaction,
  conversation: ConversationId,
  state: ConversationState,
): void {
  const { seq, transcriptHash, epoch, members, restores } = state;
  const places = { arrivedAt: state.arrivedAt, changedAt: state.changedAt };
  const control = encodeControl({
    epoch,
    members,
    actor: nilId(),
    subject: nilId(),
    creation: undefined,
    receipt: undefined,
    signer: undefined,
    staffCertificate: undefined,
  });
  const flags = {
    joined: Number(state.joined),
    closed: Number(state.closed),
    invalid: Number(state.invalid),
    malformed: Number(state.malformed),
    afterGap: Number(state.afterGap),
    unseen: Number(state.unseen),
  };
  const withheld = [...state.withheld];
  const withheldMembers = [...state.withheldMembers];
  const uncertified = [...state.uncertified];
  const unaccepted = [...state.unaccepted];
  const restored = { restores, withheld, withheldMembers, uncertified, unaccepted };
  transaction.put(
    prefix + conversation,
    encodeRecord(record, { seq, transcriptHash, ...flags, control, ...places, ...restored }),
  );
}

/** The state before the first event that a device sees. */
export const unknown: Omit<ConversationState, "seq" | "transcriptHash" | "afterGap"> = {
  joined: false,
  closed: false,
  invalid: false,
  malformed: false,
  epoch: 0,
  members: [],
  unseen: false,
  arrivedAt: 0,
  changedAt: 0,
  restores: 0,
  cuts: [],
  withheld: [],
  withheldMembers: [],
  uncertified: [],
  unaccepted: [],
};

/**
 * Returns the state after an event (R10 to R12).
 * @param verdict on a membership event; undefined for messages
 * @param valid whether the creation record in the event is valid; undefined if the event has none.
 *   The last record decides: a valid one replaces an invalid one.
 */
export function stateAfter(
  before: ConversationState | undefined,
  event: Pick<Deliver, "seq" | "kind" | "transcriptHash">,
  {
    verdict,
    valid,
  }: { readonly verdict: MembershipVerdict | undefined; readonly valid: boolean | undefined },
  ownDevice: DeviceId,
): ConversationState {
  const { seq, transcriptHash } = event;
  const continued = { ...(before ?? unknown), seq, transcriptHash, afterGap: false };
  if (verdict === undefined) return continued;
  const unchanged = { ...continued, changedAt: seq };
  if (verdict.kind === "malformed")
    return { ...unchanged, malformed: true, ...(verdict.leaves && left(unchanged, ownDevice)) };
  if (verdict.kind === "unproven") return unchanged;
  const closed = unchanged.closed || event.kind === "closed";
  if (verdict.kind === "outside") return { ...unchanged, closed };
  const { control, arrived, enters } = verdict;
  const invalid = valid === undefined ? unchanged.invalid : !valid;
  return {
    ...unchanged,
    joined: !invalid && hasDevice(control.members, ownDevice),
    closed,
    invalid,
    malformed: unchanged.malformed && !enters,
    epoch: control.epoch,
    members: control.members,
    unseen: false,
    arrivedAt: arrived.length > 0 ? seq : unchanged.arrivedAt,
    ...withheldAmong(control.members, unchanged, ownDevice),
  };
}

/** Returns what changes if this device is no member any more. It keeps the other members in mind. */
const left = (
  { members }: Pick<ConversationState, "members">,
  ownDevice: DeviceId,
): Pick<ConversationState, "joined" | "members"> => ({
  joined: false,
  members: withoutDevice(members, ownDevice),
});

export const withoutDevice = (members: readonly Member[], device: DeviceId): readonly Member[] =>
  members.map((member) =>
    member.devices.includes(device)
      ? { ...member, devices: member.devices.filter((each) => each !== device) }
      : member,
  );

/**
 * Returns the members who stay withheld. A member who is missing in the list is no longer withheld.
 */
export function withheldAmong(
  members: readonly Member[],
  { withheld, withheldMembers }: Pick<ConversationState, "withheld" | "withheldMembers">,
  ownDevice: DeviceId,
): Pick<ConversationState, "withheld" | "withheldMembers"> {
  const isWithheld = (user: UserId, device: DeviceId) =>
    withheldMembers.includes(user) || withheld.includes(device);
  return {
    withheld: members
      .flatMap(({ user, devices }) => devices.filter((device) => isWithheld(user, device)))
      .filter((device) => device !== ownDevice),
    withheldMembers: withheldMembers.filter((each) => members.some(({ user }) => user === each)),
  };
}

/** Returns the state after events that are gone (R22). `to` is the last of them. */
export const stateAfterGap = (
  before: ConversationState | undefined,
  to: number,
): ConversationState => ({
  ...(before ?? unknown),
  seq: to,
  transcriptHash: zeroHash,
  afterGap: true,
  unseen: true,
});

export const hasDevice = (members: readonly Member[], device: DeviceId): boolean =>
  memberWith(members, device) !== undefined;

/** Returns the member whose device it is. */
export const memberWith = (members: readonly Member[], device: DeviceId): Member | undefined =>
  members.find(({ devices }) => devices.includes(device));

/**
 * Returns whether the relay lists the device under `user`, who is named by the device's
 * certificate.
 */
export const isListedUnder = (
  members: readonly Member[],
  user: UserId,
  device: DeviceId,
): boolean => members.some((member) => member.user === user && member.devices.includes(device));

/** Returns the devices that a message is sealed for: every member device except this one. */
export const otherDevices = (state: ConversationState, ownDevice: DeviceId): readonly DeviceId[] =>
  state.members.flatMap(({ devices }) => devices).filter((device) => device !== ownDevice);

/** Changes the state without an event, and stores it. */
export type StateChange = (state: ConversationState) => Promise<ConversationState>;
