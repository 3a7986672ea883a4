import { nilId, type MessageId, type UserId } from "../../crypto/wire/ids.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { linkHash, zeroHash } from "../../crypto/wire/event.ts";
import {
  decodeControl,
  type Accepted,
  type Control,
  type Deliver,
  type Gap,
  type Member,
} from "../../crypto/wire/frame.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import { LogComparison } from "../restore/log-comparison.ts";
import { WorkLoop } from "../work-loop.ts";
import { untilAnswered } from "../until-answered.ts";
import { placeAt, type HistoryRecord, type Place, type Self } from "./history.ts";
import type { LogProblemCode, ProblemItem } from "./items.ts";
import { shownAccounts } from "../http/shown-accounts.ts";
import { recordCertified, recordUncertified } from "./record-certified.ts";
import { toCertify } from "./certified-staff.ts";
import { judgeControl, type FoundReceipt } from "./judge-control.ts";
import { lookUp, seekReceipt, type LookUpDeps } from "./look-up.ts";
import { getEntry, type OutboxEntry } from "./outbox.ts";
import { classifyEvent, classifyGap, type SequenceCheck } from "./sequence-check.ts";
import { recordEvent, recordGap } from "./record-event.ts";
import type { ConversationState, StateChange } from "./state.ts";
import type { MembershipVerdict } from "./verdict.ts";

export interface ReceiverDeps extends LookUpDeps {
  /** An event is in the store. The log's state is the state after it. */
  readonly onRecorded: (recorded: Recorded) => void;
  /** The events up to `to` are known to be gone. The relay needs this answer to continue. */
  readonly onGap: (to: number) => void;
  /** The relay's log has a problem. `recycle` is true if only a new connection can resolve it. */
  readonly onLogProblem: (problem: ProblemItem | undefined, recycle: boolean) => void;
  /** The events up to `seq`, which the relay had when the connection was made, were processed. */
  readonly onCaughtUp: (seq: number) => void;
  /** While logs are compared, the relay sent an event that the store has. */
  readonly onSame: (seq: number) => void;
  /** A restore of the server was applied. The log's state and the outbox have changed. */
  readonly onRestoreApplied: () => Promise<void>;
  /** The store failed. Nothing can be received any more. */
  readonly onFailure: (error: unknown) => void;
}

export interface Recorded {
  readonly seq: number;
  readonly record: HistoryRecord;
  /** True for the first event of the conversation that this device has seen. */
  readonly first: boolean;
}

/** Certificates of members are looked for again, between two events. */
interface CertificateCheck {
  readonly certify: true;
  readonly done: () => void;
}

/** The state changes between two events, because of something that did not come from the relay. */
interface OwnChange {
  readonly change: StateChange;
  readonly done: () => void;
}

/** Follows the events that the relay had when the connection was made. */
interface CaughtUp {
  readonly end: number;
}

/** Receives a conversation's events one at a time and in order, over any number of connections. */
export class Receiver {
  readonly comparison: LogComparison;
  readonly #deps: ReceiverDeps;
  #queue: (Deliver | Gap | CaughtUp | CertificateCheck | OwnChange)[] = [];
  /** Answers to own messages that arrived before the events that precede them. */
  readonly #held = new Map<number, Accepted>();
  #lastDelivered = 0;
  #connection = new AbortController();
  readonly #pump: WorkLoop;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
    this.comparison = new LogComparison({ ...deps, onApplied: deps.onRestoreApplied });
    this.#pump = new WorkLoop(() => this.#drain(this.#connection.signal), deps.onFailure);
  }

  deliver(event: Deliver): void {
    if (event.seq <= this.#lastDelivered) return this.#onLate(event);
    this.#lastDelivered = event.seq;
    this.#queue.push(event);
    this.#pump.wake();
  }

  /**
   * Handles the relay's statement that events are gone. The relay sends no further events until
   * this device has confirmed it.
   */
  gap(missing: Gap): void {
    this.#lastDelivered = Math.max(this.#lastDelivered, missing.to);
    this.#queue.push(missing);
    this.#pump.wake();
  }

  /**
   * Handles the relay's statement that it has sent the events it had when the connection was made.
   */
  caughtUp(seq: number): void {
    this.#queue.push({ end: seq });
    this.#pump.wake();
  }

  /** Looks again for the certificates of members who had none. Resolves when that ends. */
  certify(): Promise<void> {
    if ((this.#deps.log.state?.uncertified ?? []).length === 0) return Promise.resolve();
    return new Promise((done) => {
      this.#queue.push({ certify: true, done });
      this.#pump.wake();
    });
  }

  /**
   * Treats a member as not certified until there is a certificate for the account's new key. Resolves when
   * that is in the store.
   */
  uncertify(user: UserId): Promise<void> {
    const { account, log } = this.#deps;
    const isStaff = ({ user: member, role }: Member) => member === user && role !== "customer";
    return this.change((state) =>
      user !== account.user && state.members.some(isStaff)
        ? recordUncertified(this.#deps, log.id, state, user)
        : Promise.resolve(state),
    );
  }

  /** Changes the state between two events. Resolves when that is in the store. */
  change(change: StateChange): Promise<void> {
    return new Promise((done) => {
      this.#queue.push({ change, done });
      this.#pump.wake();
    });
  }

  /** Drops what waits and came from the relay. */
  #drop(): void {
    for (const each of this.#queue) if ("certify" in each) each.done();
    this.#queue = this.#queue.filter((each) => "change" in each);
  }

  /**
   * Reports a repeated event (R1). An event that is merely late is reported as missing when the event
   * after it is checked.
   */
  #onLate(event: Deliver): void {
    const { cursor } = this.#deps.log;
    const queued = this.#queue.some((each) => "seq" in each && each.seq === event.seq);
    const came = event.seq <= cursor || queued;
    if (came) this.#problem(event.seq, "replayed", event, false);
  }

  accepted(answer: Accepted): void {
    this.#held.set(answer.seq, answer);
    this.#pump.wake();
  }

  /**
   * Drops the events of the last connection that were not recorded (R23). Resolves when no work is
   * running.
   */
  async reset(): Promise<void> {
    this.#connection.abort();
    this.#drop();
    this.#held.clear();
    await this.#pump.idle();
    this.comparison.stop();
    this.#lastDelivered = 0;
    this.#connection = new AbortController();
    this.#pump.wake();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const answered = await this.#nextAnswer();
      const event = answered === undefined ? this.#queue.shift() : await this.#ownEvent(answered);
      if (event !== undefined && "to" in event) await this.#receiveGap(event);
      else if (event !== undefined && "end" in event) await this.#finishCatchingUp(event.end);
      else if (event !== undefined && "certify" in event) await this.#certify(event, signal);
      else if (event !== undefined && "change" in event) await this.#change(event);
      else if (event !== undefined) await this.#receive(event, signal);
      else if (answered === undefined) return;
    }
  }

  /** Returns the answer for the event after the cursor. */
  async #nextAnswer(): Promise<Accepted | undefined> {
    const { cursor } = this.#deps.log;
    for (const [seq, answer] of this.#held) {
      if (seq > cursor) continue;
      this.#held.delete(seq);
      await this.#compareKnown(answer);
    }
    const answer = this.#held.get(cursor + 1);
    this.#held.delete(cursor + 1);
    return answer;
  }

  /**
   * Builds the event of an accepted own message from the sent copy (R19). Returns undefined if no sent
   * message matches the answer.
   */
  async #ownEvent(answer: Accepted): Promise<Deliver | undefined> {
    const { log, store, account } = this.#deps;
    const { conversation, clientMessageId } = answer;
    const entry = await store.read((transaction) =>
      getEntry(transaction, conversation, clientMessageId),
    );
    if (entry?.sealing === undefined) return undefined;
    const { epoch, keyId, ciphertext, commitment } = entry.sealing;
    const event: Deliver = {
      ...answer,
      kind: "message",
      senderDevice: account.device,
      epoch,
      keyId,
      ciphertext,
      commitment,
      packet: undefined,
      previousHash: log.state?.transcriptHash ?? zeroHash,
    };
    if (classifyEvent(log.state, event, undefined, account).kind === "next") return event;
    // The relay may have stored an earlier sealing. The delivered event will show it.
    if (this.#mayBeEarlier(event, entry)) this.#deps.onLogProblem(undefined, true);
    else this.#problem(event.seq, "forked_log", event, true);
    return undefined;
  }

  /** Returns whether the hash of an answer may be that of another sealing of the message. */
  #mayBeEarlier(event: Deliver, { sealed }: OutboxEntry): boolean {
    const { state } = this.#deps.log;
    const previous = state?.transcriptHash;
    if (previous === undefined || state?.afterGap === true) return true;
    return sealed.some(({ digest, commitment, ...as }) =>
      equalBytes(
        linkHash(sha256, previous, { ...event, ...as }, digest, commitment),
        event.transcriptHash,
      ),
    );
  }

  async #receive(event: Deliver, signal: AbortSignal): Promise<void> {
    const { log } = this.#deps;
    const control = event.kind === "message" ? undefined : controlOf(event);
    const place = await this.#placeOf(event, control);
    switch (place.kind) {
      case "known":
        return this.#compareKnown(event);
      case "missing":
        return this.#problem(place.seq, "missing_event", event, true);
      case "forked":
        return this.#problem(event.seq, "forked_log", event, true);
      case "next": {
        const sought = await seekReceipt(this.#deps, event, control, signal);
        if (sought === undefined) return;
        const before = log.state;
        const verdict = verdictOn(before, event, control, log.self, sought.found);
        const found = await lookUp(this.#deps, { event, verdict }, sought.found?.certified, signal);
        if (found === undefined) return;
        const first = before === undefined;
        const checked = { event, verdict, ...found };
        const { record, found: problems } = await recordEvent(this.#deps, before, checked);
        this.#deps.onRecorded({ seq: event.seq, record, first });
        for (const problem of problems) this.#deps.onLogProblem(problem, false);
      }
    }
  }

  #placeOf(event: Deliver, control: Control | undefined): Promise<SequenceCheck> {
    const { log } = this.#deps;
    const place = classifyEvent(log.state, event, control, log.self);
    return this.comparison.place(event, control, place);
  }

  async #certify({ done }: CertificateCheck, signal: AbortSignal): Promise<void> {
    const { log, staff, api, account } = this.#deps;
    const { state } = log;
    const members = state === undefined ? [] : toCertify(state, state.members, account);
    const ask = () => staff.lookUp(members, shownAccounts(api));
    const found = (await untilAnswered(this.#deps.clock, ask, signal)) ?? [];
    if (state !== undefined && found.length > 0)
      log.advance(await recordCertified(this.#deps, log.id, state, found));
    done();
  }

  async #change({ change, done }: OwnChange): Promise<void> {
    const { log } = this.#deps;
    if (log.state !== undefined) log.advance(await change(log.state));
    done();
  }

  async #finishCatchingUp(seq: number): Promise<void> {
    await this.#finishComparison();
    this.#deps.onCaughtUp(seq);
  }

  async #finishComparison(): Promise<void> {
    const { log, onLogProblem } = this.#deps;
    const alarm = await this.comparison.finish();
    if (alarm !== undefined) onLogProblem(log.report(alarm.seq, alarm.code), false);
  }

  async #receiveGap(missing: Gap): Promise<void> {
    const { log, store, onGap } = this.#deps;
    this.comparison.gone(missing);
    if (missing.to > log.cursor) await this.#finishComparison();
    const place = classifyGap(log.state, missing);
    if (place.kind === "missing") {
      this.#drop();
      return this.#deps.onLogProblem(log.report(place.seq, "missing_event"), true);
    }
    if (place.kind === "next") {
      const { to, reason } = missing;
      log.advance(await recordGap(store, log.id, log.state, { from: place.from, to, reason }));
    }
    onGap(missing.to);
  }

  /**
   * Compares a repeated event with the known one (R2). The relay may repeat an event, but must not send
   * another one in its place. It must not give the event another franking tag either: the hash does not
   * cover the tag.
   */
  async #compareKnown(told: Place & Pick<Deliver, "seq" | "clientMessageId">): Promise<void> {
    const { log, store } = this.#deps;
    const recorded = await store.read((transaction) => placeAt(transaction, log.id, told.seq));
    if (recorded === undefined) return;
    const isSame =
      equalBytes(recorded.transcriptHash, told.transcriptHash) &&
      equalBytes(recorded.frankingTag, told.frankingTag);
    if (!isSame) this.#problem(told.seq, "forked_log", told, false);
  }

  #problem(
    seq: number,
    code: LogProblemCode,
    { clientMessageId }: Pick<Deliver, "clientMessageId">,
    recycle: boolean,
  ): void {
    const message = clientMessageId === nilId<MessageId>() ? undefined : clientMessageId;
    if (recycle) this.#drop();
    this.#deps.onLogProblem(this.#deps.log.report(seq, code, message), recycle);
  }
}

const verdictOn = (
  before: ConversationState | undefined,
  { kind, ...event }: Deliver,
  control: Control | undefined,
  self: Self,
  found: FoundReceipt | undefined,
): MembershipVerdict | undefined =>
  kind === "message" ? undefined : judgeControl(before, { ...event, kind }, control, self, found);

function controlOf(event: Deliver): Control | undefined {
  try {
    return decodeControl(event.ciphertext);
  } catch {
    return undefined;
  }
}
