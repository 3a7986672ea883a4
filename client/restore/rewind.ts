import { isMembershipKind } from "../../crypto/wire/receipt-checks.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Gap, Member } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import {
  decodeEvent,
  readBack,
  saveGap,
  type HistoryRecord,
  type Self,
} from "../conversation/history.ts";
import { historyKey, historyPrefix } from "../conversation/history-key.ts";
import type { EventProblemCode } from "../conversation/items.ts";
import { saveCuts } from "../conversation/cuts.ts";
import { unsealAfter } from "../conversation/outbox.ts";
import { classifyGap } from "../conversation/sequence-check.ts";
import {
  hasDevice,
  saveState,
  stateAfterGap,
  unknown,
  withheldAmong,
  withoutDevice,
  type ConversationState,
} from "../conversation/state.ts";
import { cutUnopened } from "../conversation/unopened.ts";
import { dropIncoming } from "../history/incoming-job.ts";
import { mayBeLost, type Comparison } from "./judge.ts";
import { moveToLost } from "./lost-events.ts";
import { isSeen } from "./plan.ts";

/** The position at which to cut the log, and the server's log after it. */
export interface CutPosition extends Pick<Comparison, "restores"> {
  /** The last event that may stay. */
  readonly after: number;
  /** The events that are purged or erased on the server after that event, in order. */
  readonly gaps: readonly Gap[];
}

export interface RewindDeps {
  readonly suite: Pick<Suite, "rotate">;
  readonly account: Self;
}

/**
 * Records that the restores up to number `applied` are applied to the conversation. They excuse nothing
 * more in it. What waits in the outbox is sealed again, with a key that was never used.
 */
export async function saveApplied(
  transaction: StoreTransaction,
  suite: RewindDeps["suite"],
  conversation: ConversationId,
  state: ConversationState,
  applied: number,
): Promise<ConversationState> {
  const after = { ...state, restores: applied };
  saveState(transaction, conversation, after);
  await unsealAfter(transaction, conversation, state.seq);
  await suite.rotate(transaction, conversation);
  return after;
}

/**
 * Goes back to the last event that the server still has. The events after it are kept apart. All of it
 * is one transaction, so a crash leaves the conversation as it was before or as it is after.
 * @param continues whether the server's next event continues the log from this state
 * @returns the state now; undefined if nothing was changed, because no restore excuses it
 */
export async function rewind(
  { suite, account }: RewindDeps,
  transaction: StoreTransaction,
  conversation: ConversationId,
  before: ConversationState,
  { restores, after, gaps }: CutPosition,
  continues: (state: ConversationState) => boolean,
): Promise<ConversationState | undefined> {
  const { last, known, changedAt } = await knownAt(transaction, conversation, after);
  const at = last?.[0] ?? 0;
  const entries = await transaction.list(historyPrefix(conversation), {
    after: historyKey(conversation, at),
  });
  const lost = entries.map((entry) => [entry, decodeEvent(entry[1])] as const);
  const records = lost.map(([, record]) => record);
  const excused = records.every(
    (record) => !isSeen(record) || mayBeLost(record.receivedAtMs, restores),
  );
  const restore = restores.at(-1)?.number;
  if (!excused || restore === undefined) return undefined;
  const invalid = records.some(({ enters }) => enters)
    ? await hasRecordAt(transaction, conversation, at, hasProblem("invalid_creation"))
    : before.invalid;
  const { members, epoch, unseen } = known ?? arrivedLater(before, account);
  const returned = returnedSince(before.members, members, account.device);
  const cut: ConversationState = {
    ...before,
    seq: at,
    transcriptHash:
      last === undefined || last[1].kind === "gap" ? zeroHash : last[1].transcriptHash,
    afterGap: last?.[1].kind === "gap",
    joined: !invalid && hasDevice(members, account.device),
    closed: before.closed && !records.some(({ kind }) => kind === "closed"),
    invalid,
    malformed: await hasRecordAt(transaction, conversation, at, isRefusedChange),
    epoch,
    members,
    unseen,
    arrivedAt: Math.min(before.arrivedAt, at),
    changedAt,
    ...withheldAmong(
      members,
      {
        withheld: [...before.withheld, ...returned.flatMap(({ devices }) => devices)],
        withheldMembers: [...before.withheldMembers, ...usersWithout(before.members, returned)],
      },
      account.device,
    ),
    cuts: [
      // An earlier cut that lies in the lost part is shown before it.
      ...before.cuts.map((earlier) => ({ ...earlier, at: Math.min(earlier.at, at) })),
      {
        restore,
        at,
        backupOfMs: Math.min(...restores.map(({ backupOfMs }) => backupOfMs)),
        messages: records.filter(({ kind }) => kind === "message").length,
        returned,
      },
    ],
  };
  const continued = skipGaps(cut, gaps);
  if (continued === undefined || !continues(continued.state)) return undefined;
  saveCuts(transaction, conversation, continued.state.cuts);
  moveToLost(transaction, conversation, restore, lost);
  for (const missing of continued.missing) saveGap(transaction, conversation, missing);
  await dropIncoming(transaction, conversation, at);
  await cutUnopened(transaction, conversation, at);
  return saveApplied(transaction, suite, conversation, continued.state, restore);
}

/**
 * Moves the cursor behind the events that are gone.
 * @returns the state there and the gaps to store; undefined if an event is missing that is not gone
 */
function skipGaps(
  cut: ConversationState,
  gaps: readonly Gap[],
): { readonly state: ConversationState; readonly missing: readonly Gap[] } | undefined {
  let state = cut;
  const missing: Gap[] = [];
  for (const gap of gaps) {
    const place = classifyGap(state, gap);
    if (place.kind === "known") continue;
    if (place.kind !== "next") return undefined;
    missing.push({ ...gap, from: place.from });
    state = stateAfterGap(state, gap.to);
  }
  return { state, missing };
}

type Membership = Pick<ConversationState, "members" | "epoch" | "unseen">;

/** The device's knowledge at a position in the log. */
interface Known {
  /** The last event up to there that it saw itself, or a gap. */
  readonly last: readonly [seq: number, HistoryRecord] | undefined;
  /** Undefined if it became a member later. */
  readonly known: Membership | undefined;
  /** The last event that it saw itself and that is not a message, or 0. */
  readonly changedAt: number;
}

/**
 * Returns what a device knows that became a member only after the cut. It keeps in mind whom it knew, so
 * that the next list of members brings nobody in unseen.
 */
const arrivedLater = ({ members }: ConversationState, { device }: Self): Membership => ({
  members: withoutDevice(members, device),
  epoch: unknown.epoch,
  unseen: true,
});

async function knownAt(
  transaction: StoreTransaction,
  conversation: ConversationId,
  after: number,
): Promise<Known> {
  let last: Known["last"];
  let unseen = false;
  let changedAt = 0;
  for await (const entry of readBack(transaction, conversation, after)) {
    const [seq, { kind, grantedBy, control }] = entry;
    // A grant may have taken the place of a gap.
    unseen ||= grantedBy !== undefined;
    if (grantedBy !== undefined) continue;
    last ??= entry;
    unseen ||= kind === "gap";
    if (changedAt === 0 && kind !== "gap" && kind !== "message") changedAt = seq;
    if (control === undefined) continue;
    const { members, epoch } = control;
    return { last, known: { members, epoch, unseen }, changedAt };
  }
  return { last, known: undefined, changedAt };
}

/**
 * Returns whether there is such an event up to `seq`, from the one on that made the device a member.
 */
async function hasRecordAt(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
  isSuch: (record: HistoryRecord) => boolean,
): Promise<boolean> {
  for await (const [, record] of readBack(transaction, conversation, seq)) {
    if (isSuch(record)) return true;
    if (record.enters) return false;
  }
  return false;
}

const hasProblem =
  (problem: EventProblemCode) =>
  ({ problems }: HistoryRecord): boolean =>
    problems.some(({ code }) => code === problem);

/** Returns whether an event shows a change of the members that this device did not take. */
const isRefusedChange = (record: HistoryRecord): boolean =>
  record.grantedBy === undefined &&
  (hasProblem("malformed_event")(record) ||
    (record.kind !== "gap" &&
      isMembershipKind(record.kind) &&
      hasProblem("invalid_receipt")(record)));

/** Returns the members of `now` with those of their devices that were no members' later. */
const returnedSince = (
  later: readonly Member[],
  now: readonly Member[],
  ownDevice: DeviceId,
): readonly Member[] =>
  now
    .map((member) => ({
      ...member,
      devices: member.devices.filter((device) => device !== ownDevice && !hasDevice(later, device)),
    }))
    .filter(({ devices }) => devices.length > 0);

/** Returns the users of `returned` who had no device in the conversation later. */
const usersWithout = (later: readonly Member[], returned: readonly Member[]): readonly UserId[] =>
  returned
    .map(({ user }) => user)
    .filter((user) => !later.some((member) => member.user === user && member.devices.length > 0));
