import type { Control, Deliver, Gap } from "../../crypto/wire/frame.ts";
import type { Receipt } from "../../crypto/wire/receipt.ts";
import { arrivalsBetween } from "../../crypto/wire/membership.ts";
import { isMembershipKind, needsReceipt } from "../../crypto/wire/receipt-checks.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import { decodePayload } from "../../crypto/device/payload.ts";
import type { KeyLogHead } from "../../crypto/wire/payload.ts";
import type { ListFreshness } from "../key-log/list-freshness.ts";
import { noteHeard } from "../key-log/seen-lists.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { Account } from "../device/account.ts";
import type { Arrived } from "../device/owner.ts";
import type { Rollback } from "../rollback/rollback.ts";
import type { Clock } from "../runtime.ts";
import { isCreationValid } from "./creation.ts";
import { evidenceOf } from "./evidence.ts";
import { withoutReceipt } from "./judge-control.ts";
import type { ConversationLog } from "./log.ts";
import { saveCuts } from "./cuts.ts";
import type { FoundStaff, Staff } from "../device/staff.ts";
import type { FoundDevice, Trust } from "../device/trust.ts";
import { noteRemovedFrom, silencedAmong } from "../device/removed-devices.ts";
import { againInLog } from "../restore/again-in-log.ts";
import { takeGrant } from "../history/take-grant.ts";
import { signerOf } from "../receipts/signer.ts";
import { noteArrival } from "../history/shared-devices.ts";
import { saveGap, saveRecord, type HistoryRecord, type Problem } from "./history.ts";
import type { ProblemItem } from "./items.ts";
import { openDelivered, takeOwn } from "./open-event.ts";
import { endRemovals } from "./removals.ts";
import { refusalOf } from "./revisions.ts";
import {
  saveState,
  stateAfterGap,
  unknown,
  type ConversationState,
  type UnacceptedKey,
} from "./state.ts";
import { step, type Facts } from "./step.ts";
import type { ToldLimits } from "./told-limits.ts";
import { hearUnopened, noteUnopened, toldUnopened } from "./unopened.ts";
import type { MembershipVerdict } from "./verdict.ts";

export interface RecordingDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly trust: Trust;
  readonly staff: Pick<Staff, "lookUp" | "isCurrent" | "admit" | "forget">;
  readonly account: Account;
  readonly keyLog: Pick<KeyLog, "hear" | "compareHeard" | "noteTold" | "restores">;
  /** Ed25519 public key of this device. */
  readonly deviceKey: Uint8Array;
  readonly rollback: Pick<Rollback, "isUnseen">;
  readonly lists: Pick<ListFreshness, "now">;
  readonly limits: Pick<ToldLimits, "keyMaxMessages" | "limits">;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
}

/**
 * An event whose place in the log is checked, with the data that was fetched before its
 * transaction.
 */
export interface CheckedEvent {
  readonly event: Deliver;
  /** Undefined for a message. */
  readonly verdict: MembershipVerdict | undefined;
  /** The records of the devices that the event brings. */
  readonly devices: readonly FoundDevice[];
  /** The members whose roles are certified, among those that the event brings. */
  readonly staff: readonly FoundStaff[];
  /** The key histories that are needed to judge who signed. */
  readonly histories: Arrived["histories"];
}

/** An event as it was stored. */
interface RecordedEvent {
  readonly record: HistoryRecord;
  /** Problems that its record does not hold: of earlier events that it tells of, and of what it revises. */
  readonly found: readonly ProblemItem[];
}

/**
 * Opens, checks and stores one event together with the new cursor, in one transaction, and advances the
 * log. If the device crashes before the commit, the relay delivers the event again (R24).
 */
export async function recordEvent(
  deps: RecordingDeps & { readonly log: Pick<ConversationLog, "advance"> },
  before: ConversationState | undefined,
  checked: CheckedEvent,
): Promise<RecordedEvent> {
  const { event, verdict } = checked;
  const { account } = deps;
  const outcome = await deps.store.transact(async (transaction) => {
    const {
      facts,
      committed,
      cuts,
      unopened = [],
    } = verdict === undefined
      ? await messageFacts(deps, transaction, before, event)
      : await membershipFacts(deps, transaction, before, { ...checked, verdict });
    const { state: after, record: shown, passed } = step(before, event, facts, account);
    const isArchiver = account.role === "archiver";
    const record = isArchiver ? { ...shown, evidence: evidenceOf(event) } : shown;
    await noteDevice(transaction, event, record, account.user);
    // A restore from before the first event that this device saw excuses nothing after it.
    const restores = before?.restores ?? deps.keyLog.restores;
    const state = { ...after, restores, cuts: cuts ?? after.cuts };
    if (passed !== undefined)
      saveGap(transaction, event.conversation, { ...passed, reason: "not_a_member" });
    saveRecord(transaction, event.conversation, event.seq, record);
    saveState(transaction, event.conversation, state);
    if (cuts !== undefined && cuts !== (before ?? unknown).cuts)
      saveCuts(transaction, event.conversation, cuts);
    const refused = await refusedRevision(deps, transaction, event, record);
    return { state, record, committed, found: [...unopened, ...refused] };
  });
  // Before the next transaction begins, so that it seals nothing for former members.
  deps.log.advance(outcome.state);
  outcome.committed();
  const { record, found } = outcome;
  return { record, found };
}

/** Returns the problem of a correction, an edit or a deletion that does not count (R35, R36). */
async function refusedRevision(
  { limits }: RecordingDeps,
  transaction: StoreTransaction,
  { conversation, seq, clientMessageId }: Deliver,
  { about, sender }: HistoryRecord,
): Promise<readonly ProblemItem[]> {
  if (about === undefined) return [];
  const reading = { transaction, conversation, revisionMs: limits.limits.longestRevisionMs };
  const code = await refusalOf(reading, seq, about);
  return code === undefined
    ? []
    : [{ kind: "problem", seq, code, message: clientMessageId, sender }];
}

/** Stores that events are gone, and moves the cursor behind them. */
export function recordGap(
  store: DeviceStore,
  conversation: ConversationId,
  before: ConversationState | undefined,
  missing: Pick<Gap, "from" | "to" | "reason">,
): Promise<ConversationState> {
  const state = stateAfterGap(before, missing.to);
  return store.transact(async (transaction) => {
    saveGap(transaction, conversation, missing);
    saveState(transaction, conversation, state);
    return state;
  });
}

/** What was found out about an event. */
interface Found {
  readonly facts: Facts;
  /** Call it once the transaction is committed. */
  readonly committed: () => void;
  /** Set if they have changed. */
  readonly cuts?: ConversationState["cuts"];
  /** Problems of earlier events that the event tells of. */
  readonly unopened?: readonly ProblemItem[];
}

async function messageFacts(
  { suite, account, trust, keyLog, lists, rollback, limits, localClock }: RecordingDeps,
  transaction: StoreTransaction,
  before: ConversationState | undefined,
  event: Deliver,
): Promise<Found> {
  const own = event.senderDevice === account.device;
  const isRemoved = !own && (await wasRemoved(transaction, event));
  const sending = isRemoved ? undefined : trust.device(event.senderDevice);
  const certified = own ? account.user : sending?.user;
  let heardHead = false;
  let unopened: readonly ProblemItem[] = [];
  const unseen = rollback.isUnseen(event.conversation, event.seq);
  const from = {
    unseen,
    keyMaxMessages: limits.keyMaxMessages,
    nowMs: localClock.now(),
    state: before,
    author: sending === undefined ? undefined : { ...sending, tenant: account.tenant },
    onHead(head: KeyLogHead, member: UserId) {
      heardHead = true;
      return keyLog.hear(transaction, head, member);
    },
    async onUnopened(seqs: readonly number[], user: UserId) {
      const by = { user, device: event.senderDevice };
      const marked = await hearUnopened(transaction, event.conversation, by, seqs);
      unopened = marked.map((seq) => ({ kind: "problem", seq, code: "unopened", user }));
    },
  };
  const opened = own
    ? await takeOwn(transaction, event, unseen)
    : await openDelivered(transaction, suite, from, event);
  if (!own && certified !== undefined && opened.payload !== undefined)
    await noteHeard(transaction, certified, lists.now());
  // The restored device may have lost the current sending key. The next message brings it a new
  // one.
  if (opened.restored !== undefined && !own) await suite.rotate(transaction, event.conversation);
  const again = await againInLog(transaction, before?.cuts ?? unknown.cuts, event, opened);
  // The members open an own message only if the log holds it as it was sealed.
  const payload = own && opened.problems.length === 0 ? opened.payload : undefined;
  const told = payload && decodePayload(payload);
  if (told?.unopened !== undefined)
    await toldUnopened(transaction, event.conversation, told.unopened);
  if (!own && again.opened.payload === undefined)
    await noteUnopened(transaction, event.conversation, event.seq);
  const committed = () => {
    if (heardHead) keyLog.compareHeard();
    if (told !== undefined) keyLog.noteTold(told);
  };
  const facts = { kind: "message", opened: again.opened, certified } as const;
  return { facts, committed, cuts: again.cuts, unopened };
}

async function membershipFacts(
  deps: RecordingDeps,
  transaction: StoreTransaction,
  before: ConversationState | undefined,
  {
    event,
    devices,
    staff,
    histories,
    ...judged
  }: CheckedEvent & { readonly verdict: MembershipVerdict },
): Promise<Found> {
  // R13
  const { distrusted, committed } = await deps.trust.admit(transaction, devices);
  const certified = await deps.staff.admit(transaction, staff);
  const arrived = { devices, distrusted, histories };
  const { verdict, receipt, unaccepted } = await proofOf(
    deps,
    transaction,
    { before, event, verdict: judged.verdict },
    arrived,
  );
  const found = { kind: "membership", verdict, certified, unaccepted } as const;
  if (verdict.kind !== "accepted")
    return { facts: { ...found, valid: undefined, problems: [] }, committed };
  const { control, enters } = verdict;
  await endRemovals(transaction, event.conversation, event.kind, control);
  const valid = enters
    ? await isCreationValid(deps, transaction, { event, control }, arrived)
    : undefined;
  // R14
  const problems: Problem[] = [
    ...distrusted,
    ...(await listedAgain(transaction, event, before, control)),
  ];
  if (unaccepted !== undefined && !distrusted.some(({ user }) => user === unaccepted.user))
    problems.push({ code: "account_key_changed", user: unaccepted.user });
  if (receipt === undefined && needsReceipt(event.kind))
    problems.push({ code: "invalid_receipt", user: control.actor });
  if (receipt?.type === "history_grant")
    problems.push(...(await takeGrant(deps, transaction, event, receipt)));
  return { facts: { ...found, valid, problems }, committed };
}

interface Proof {
  /** Another one than before if the event may not be taken without a receipt. */
  readonly verdict: MembershipVerdict;
  /** Undefined if it is not signed. */
  readonly receipt: Receipt | undefined;
  /** The account key of who signed, if this device does not trust it yet. */
  readonly unaccepted?: UnacceptedKey;
}

/** Checks who signed a membership event. */
async function proofOf(
  deps: RecordingDeps,
  transaction: StoreTransaction,
  {
    before,
    event,
    verdict,
  }: Pick<CheckedEvent, "event"> & {
    readonly before: ConversationState | undefined;
    readonly verdict: MembershipVerdict;
  },
  arrived: Arrived,
): Promise<Proof> {
  if (verdict.kind !== "accepted" || verdict.receipt === undefined)
    return { verdict, receipt: undefined };
  const { control, receipt } = verdict;
  const signer = (await wasRemoved(transaction, event))
    ? undefined
    : await signerOf(deps, transaction, { event, control }, arrived);
  if (signer !== undefined && signer.unaccepted === undefined) return { verdict, receipt };
  if (signer?.unaccepted !== undefined && isMembershipKind(event.kind))
    return {
      verdict,
      receipt,
      unaccepted: { user: signer.user, accountKey: signer.unaccepted },
    };
  if (event.kind === "message") return { verdict, receipt: undefined };
  const unsigned = withoutReceipt(before, event.kind, verdict, deps.account);
  return { verdict: unsigned, receipt: undefined };
}

/** Returns whether the device of an event was removed before: see `silencedAmong`. */
const wasRemoved = async (
  transaction: StoreTransaction,
  { conversation, senderDevice }: Deliver,
): Promise<boolean> => (await silencedAmong(transaction, conversation, [senderDevice])).length > 0;

/** Returns the problems of devices that come although they were removed before (R13): see `silencedAmong`. */
async function listedAgain(
  transaction: StoreTransaction,
  { conversation }: Deliver,
  before: ConversationState | undefined,
  { members }: Control,
): Promise<readonly Problem[]> {
  const came = arrivalsBetween(before?.members ?? [], members);
  const devices = came.flatMap((member) => member.devices);
  const removed = await silencedAmong(transaction, conversation, devices);
  return came
    .filter((member) => member.devices.some((device) => removed.includes(device)))
    .map(({ user }) => ({ code: "invalid_device_record", user }));
}

/** Notes that an event removed a device from its conversation, or brought another one of this account. */
async function noteDevice(
  transaction: StoreTransaction,
  { conversation, seq }: Deliver,
  { kind, control, device }: HistoryRecord,
  self: UserId,
): Promise<void> {
  if (control === undefined || device === undefined) return;
  if (kind === "device_removed") await noteRemovedFrom(transaction, conversation, device, seq);
  if (kind === "device_added" && control.subject === self)
    await noteArrival(transaction, { conversation, seq, device });
}
