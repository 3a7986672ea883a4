import type { Refused } from "../../crypto/wire/frame.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Attachment } from "../../crypto/device/attachments/attachment.ts";
import { attachmentToFields } from "../../crypto/device/payload-body.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import { deferred, type Deferred } from "../deferred.ts";
import { codeOf, isTransient, SealdeskError } from "../errors.ts";
import { WorkLoop } from "../work-loop.ts";
import {
  deleteEntry,
  putEntry,
  sendOf,
  unsealedEntry,
  type OutboxEntry,
  type Sealing,
} from "./outbox.ts";
import { endsConnection, verdictOn } from "./refusal.ts";
import { renewEntries, sealEntries, unsealEntries } from "./seal-entries.ts";
import { SendWindow } from "./send-window.ts";
import type { SenderDeps } from "./sender-deps.ts";
import { establishSessions, assertTrusted, findMislistedMember } from "./sessions.ts";
import type { ConversationState } from "./state.ts";
import { checkTextSize } from "./text-size.ts";

/** A message that is in the log. */
export interface SentMessage {
  /** The message's id, a UUIDv7. */
  readonly id: Uuid;
  readonly seq: number;
  /** Milliseconds since the Unix epoch, by the relay's clock. */
  readonly receivedAt: number;
}

/** How many messages of one conversation may be unanswered. */
const windowSize = 16;
const answerWithinMs = 30_000;
const retryMs = 1_000;
/** How long a device whose bundle could not be used is left out before another bundle is tried. */
const unreachableMs = 15 * 60_000;
/** How many times in a row sessions may fail before messages are given up. */
const maxFailures = 5;

/** Sends the messages in one conversation's outbox in order, over any number of connections. */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #window = new SendWindow(windowSize);
  readonly #pump: WorkLoop;
  /** The sealings of the messages in the window. */
  readonly #sealings = new Map<Uuid, Sealing>();
  /** SHA-256 of every ciphertext that each waiting message was ever sealed as. */
  readonly #digests = new Map<Uuid, readonly Uint8Array[]>();
  readonly #waiting = new Map<Uuid, Deferred<SentMessage>>();
  /** Devices that are left out, and until when. */
  readonly #unreachable = new Map<Uuid, number>();
  #retryAtMs = 0;
  #failures = 0;
  #isHeld = false;
  #cancelTimer: () => void = () => undefined;
  #cancelAlarm: (() => void) | undefined;
  #end: SealdeskError | undefined;

  /**
   * @param outbox the messages that were not known to be in the log when the device last stopped
   */
  constructor(deps: SenderDeps, outbox: readonly (readonly [Uuid, OutboxEntry])[]) {
    this.#deps = deps;
    this.#pump = new WorkLoop(() => this.#work(), deps.onFailure);
    for (const [id, { sealing, digests }] of outbox) {
      if (sealing !== undefined) this.#sealings.set(id, sealing);
      this.#digests.set(id, digests);
      this.#window.add(id, sealing?.keyId);
    }
  }

  /** @see Conversation.send */
  async send(text: string): Promise<SentMessage> {
    checkTextSize(text);
    return this.#queue({ text });
  }

  /**
   * Queues a message for an attachment whose upload is complete.
   * @param id the message's id, which was chosen when the upload began
   * @param also runs in the transaction that queues the message
   * @see Conversation.sendAttachment
   */
  sendAttachment(
    attachment: Attachment,
    id: Uuid,
    also: (transaction: StoreTransaction) => void,
  ): Promise<SentMessage> {
    return this.#queue({ attachment: attachmentToFields(attachment) }, also, id);
  }

  /**
   * @throws SealdeskError not_a_member, conversation_closed, or the error that ended the connection
   */
  assertOpen(): void {
    const { log } = this.#deps;
    if (this.#end !== undefined) throw this.#end;
    if (log.state?.joined !== true)
      throw new SealdeskError("not_a_member", "This device is not a member of the conversation.");
    if (log.state.closed)
      throw new SealdeskError("conversation_closed", "The conversation is closed.");
  }

  async #queue(
    said: Partial<Pick<OutboxEntry, "text" | "attachment">>,
    also: (transaction: StoreTransaction) => void = () => undefined,
    id: Uuid = this.#deps.newId(),
  ): Promise<SentMessage> {
    const { store, conversation } = this.#deps;
    this.assertOpen();
    const outcome = deferred<SentMessage>();
    this.#waiting.set(id, outcome);
    try {
      const entry = unsealedEntry(said);
      await store.transact(async (transaction) => {
        putEntry(transaction, conversation, id, entry);
        also(transaction);
      });
      this.#digests.set(id, []);
      this.#window.add(id, undefined);
      this.#pump.wake();
    } catch (error) {
      this.#waiting.delete(id);
      outcome.reject(error);
    }
    return outcome.promise;
  }

  /** Starts sending. The connection is open and has delivered all own messages in the log. */
  open(): void {
    this.#window.open();
    this.#pump.wake();
  }

  /** Returns whether the store knows that this device sealed this message as this ciphertext. */
  hasSealed(id: Uuid, ciphertext: Uint8Array): boolean {
    const digest = sha256(ciphertext);
    return this.#digests.get(id)?.some((each) => equalBytes(each, digest)) === true;
  }

  /**
   * Takes over an outbox in the store that has no sealings any more.
   * @param notice a new message in the outbox, which is sent first
   */
  async reload(notice: Uuid | undefined): Promise<void> {
    await this.#pump.idle();
    const waiting = [...this.#digests.keys()];
    this.#sealings.clear();
    this.#window.unsealed(waiting);
    if (notice === undefined) return;
    this.#digests.set(notice, []);
    this.#window.addFirst(notice);
  }

  /** Stops sending, because the connection is gone. */
  lost(): void {
    this.#window.lost();
    this.#cancelTimer();
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
  }

  /** Resolves when no work is running. */
  idle(): Promise<void> {
    return this.#pump.idle();
  }

  /** Continues after the conversation's members or state have changed. */
  wake(): void {
    this.#pump.wake();
  }

  /** Completes an own message that is in the log and in the history. */
  recorded(sent: SentMessage): void {
    const isWaiting = this.#window.remove(sent.id);
    this.#answered();
    if (!isWaiting) return;
    this.#isHeld = false;
    this.#sealings.delete(sent.id);
    this.#digests.delete(sent.id);
    this.#waiting.get(sent.id)?.resolve(sent);
    this.#waiting.delete(sent.id);
    this.#pump.wake();
  }

  /** Handles the relay's refusal to store a message. */
  refused(refused: Refused): void {
    const { clock, log, onFailure } = this.#deps;
    const id = refused.clientMessageId;
    const giveUp = (error: SealdeskError) =>
      this.#fail([id], error).then(() => this.#answered(), onFailure);
    const verdict = verdictOn(refused);
    if (verdict.kind === "failed") return void giveUp(verdict.error);
    if (verdict.held !== undefined) this.#hold(verdict.held);
    const epoch = log.state?.epoch ?? 0;
    const mayRepeat = this.#window.refused(id, verdict.refusal, epoch, clock.now());
    this.#answered();
    if (mayRepeat) return this.#pump.wake();
    const code = refused.code === "stale_message_id" ? refused.code : "send_refused";
    const error = new SealdeskError(code, "The relay kept refusing the message.", {
      problem: refused.code,
    });
    void giveUp(error);
  }

  /** Rejects waiting sends with `error`. The outbox is kept for the next connection. */
  end(error: SealdeskError): void {
    this.#end ??= error;
    this.lost();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async #work(): Promise<void> {
    for (;;) {
      const state = this.#deps.log.state;
      const now = this.#deps.clock.now();
      if (this.#end !== undefined || state === undefined) return;
      const step = this.#window.next(state.epoch, now);
      switch (step.kind) {
        case "idle":
          return;
        case "wait":
          return this.#wakeAt(step.untilMs);
        case "reseal":
          await unsealEntries(this.#deps, step.ids);
          for (const id of step.ids) this.#sealings.delete(id);
          this.#window.unsealed(step.ids);
          break;
        case "renew":
          if (now < this.#retryAtMs) return this.#wakeAt(this.#retryAtMs);
          await this.#renew();
          break;
        case "seal":
          if (now < this.#retryAtMs) return this.#wakeAt(this.#retryAtMs);
          await this.#seal(step.ids, state);
          break;
        case "send":
          if (!this.#transmit(step.id)) return;
      }
    }
  }

  /**
   * Gives the waiting messages ids by the server's clock. This device's clock was put right or wrong,
   * or the messages waited for over 30 days. None of them is in the log: the connection has delivered
   * every own message that is.
   */
  async #renew(): Promise<void> {
    const { clock, newId, syncClock } = this.#deps;
    try {
      await syncClock();
    } catch (error) {
      if (!(error instanceof SealdeskError)) throw error;
      this.#retryAtMs = clock.now() + Math.max(retryMs, error.retryAfterMs ?? 0);
      return;
    }
    const ids = new Map(this.#window.ids.map((id) => [id, newId()]));
    await renewEntries(this.#deps, ids);
    for (const [before, id] of ids) {
      this.#sealings.delete(before);
      this.#digests.delete(before);
      this.#digests.set(id, []);
      const waiting = this.#waiting.get(before);
      this.#waiting.delete(before);
      if (waiting !== undefined) this.#waiting.set(id, waiting);
    }
    this.#window.renewed(ids);
  }

  #transmit(id: Uuid): boolean {
    const { conversation, transmit } = this.#deps;
    const sealing = this.#sealings.get(id);
    if (sealing === undefined) {
      this.#window.unsealed([id]);
      return true;
    }
    if (!transmit({ kind: "send", body: sendOf(conversation, id, sealing) })) return false;
    this.#window.sent(id);
    this.#cancelAlarm ??= this.#deps.clock.after(answerWithinMs, this.#deps.onSilence);
    return true;
  }

  async #seal(ids: readonly Uuid[], state: ConversationState): Promise<void> {
    const { clock, log } = this.#deps;
    try {
      if (!state.joined)
        throw new SealdeskError("not_a_member", "This device is not a member of the conversation.");
      await assertTrusted(this.#deps, state);
      const newest = () => {
        const current = log.state ?? state;
        return findMislistedMember(this.#deps, current) === undefined ? current : undefined;
      };
      const made = await sealEntries(this.#deps, ids, newest, clock.now(), this.#leftOut());
      // The members have changed in the meantime. The next step checks the new ones.
      if (made === undefined) return;
      for (const [id, sealing] of made) {
        this.#sealings.set(id, sealing);
        const digests = this.#digests.get(id) ?? [];
        this.#digests.set(id, [...digests, sha256(sealing.ciphertext)]);
        this.#window.sealed(id, sealing.keyId);
      }
      this.#failures = 0;
    } catch (error) {
      await this.#recover(ids, error);
    }
  }

  /**
   * Handles messages that could not be sealed: establishes sessions, tries again later, or gives
   * up.
   */
  async #recover(ids: readonly Uuid[], error: unknown): Promise<void> {
    if (codeOf(error, "SuiteError") === "no_session") {
      const { devices } = error as { readonly devices: readonly Uuid[] };
      try {
        this.#leaveOut(await establishSessions(this.#deps, devices));
      } catch (cause) {
        return this.#recover(ids, cause);
      }
      // Count only if bundles arrived. An unreachable server says nothing about the device.
      if (this.#mayFailAgain()) return;
    }
    if (codeOf(error, "SuiteError") !== undefined)
      return this.#fail(
        ids,
        new SealdeskError(
          "untrusted_member",
          "The message cannot be sealed for a member's device.",
          {
            cause: error,
          },
        ),
      );
    if (!(error instanceof SealdeskError)) throw error;
    // A device may have left, and the event may not have arrived yet. It will change the epoch.
    const mayPass = error.code === "request_refused" && this.#mayFailAgain();
    if (mayPass || isTransient(error) || endsConnection(error))
      this.#retryAtMs = this.#deps.clock.now() + Math.max(retryMs, error.retryAfterMs ?? 0);
    else await this.#fail(ids, error);
  }

  #leaveOut(devices: readonly Uuid[]): void {
    const { clock, onUnreachable } = this.#deps;
    for (const device of devices) {
      if (!this.#unreachable.has(device)) onUnreachable(device);
      this.#unreachable.set(device, clock.now() + unreachableMs);
    }
  }

  #leftOut(): readonly Uuid[] {
    const now = this.#deps.clock.now();
    return [...this.#unreachable].flatMap(([device, untilMs]) => (now < untilMs ? [device] : []));
  }

  /**
   * Counts a failure.
   * @returns false after too many failures in a row; the count then starts again
   */
  #mayFailAgain(): boolean {
    this.#failures = (this.#failures + 1) % maxFailures;
    return this.#failures > 0;
  }

  /** Gives up messages and rejects their sends. */
  async #fail(ids: readonly Uuid[], error: SealdeskError): Promise<void> {
    const { store, conversation } = this.#deps;
    await store.transact(async (transaction) => {
      for (const id of ids) deleteEntry(transaction, conversation, id);
    });
    for (const id of ids) {
      this.#window.remove(id);
      this.#sealings.delete(id);
      this.#digests.delete(id);
      this.#waiting.get(id)?.reject(error);
      this.#waiting.delete(id);
    }
    this.#pump.wake();
  }

  /** Reports once that messages wait. A message that is stored ends that. */
  #hold(error: SealdeskError): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#deps.onHeld(error);
  }

  /** Restarts the alarm for the messages that are still unanswered, if there are any. */
  #answered(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    if (this.#window.unanswered)
      this.#cancelAlarm = this.#deps.clock.after(answerWithinMs, this.#deps.onSilence);
  }

  #wakeAt(atMs: number): void {
    const { clock } = this.#deps;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(Math.max(0, atMs - clock.now()), () => this.#pump.wake());
  }
}
