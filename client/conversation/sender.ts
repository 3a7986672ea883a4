import type { MessageId } from "../../crypto/wire/ids.ts";
import type { Refused } from "../../crypto/wire/frame.ts";
import type { Attachment } from "../../crypto/wire/attachment.ts";
import { attachmentToFields } from "../../crypto/wire/payload-body.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import { deferred } from "../deferred.ts";
import { SealdeskError } from "../errors.ts";
import { WorkLoop } from "../work-loop.ts";
import type { About } from "./about.ts";
import { arrivedUnseen, assertMember, unverified } from "./assert-member.ts";
import { AnswerAlarm } from "./answer-alarm.ts";
import { deleteEntry, putEntry, sendOf, unsealedEntry, type OutboxEntry } from "./outbox.ts";
import { verdictOn } from "./refusal.ts";
import { renewEntries, unsealEntries } from "./seal-entries.ts";
import { Sealer } from "./sealer.ts";
import { SendWindow } from "./send-window.ts";
import type { SenderDeps } from "./sender-deps.ts";
import type { ConversationState } from "./state.ts";
import { assertTextSize, maxRevisionBytes } from "./text-size.ts";
import { WaitingMessages, type SentMessage } from "./waiting-messages.ts";

/** The number of messages of one conversation that may be unanswered. */
const windowSize = 16;
const retryMs = 1_000;

/** Sends the messages in one conversation's outbox in order, over any number of connections. */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #window = new SendWindow(windowSize);
  readonly #messages = new WaitingMessages();
  readonly #sealer: Sealer;
  readonly #alarm: AnswerAlarm;
  readonly #pump: WorkLoop;
  #retryAtMs = 0;
  #isHeld = false;
  #cancelTimer: () => void = () => undefined;
  #end: SealdeskError | undefined;

  /**
   * @param outbox the messages that were not known to be in the log when the device last stopped
   */
  constructor(deps: SenderDeps, outbox: readonly (readonly [MessageId, OutboxEntry])[]) {
    this.#deps = deps;
    this.#sealer = new Sealer(deps);
    this.#alarm = new AnswerAlarm(deps.clock, deps.onSilence);
    this.#pump = new WorkLoop(() => this.#work(), deps.onFailure);
    for (const [id, entry] of outbox) {
      this.#messages.restore(id, entry);
      this.#window.add(id, entry.sealing?.keyId);
    }
  }

  /** Returns how many messages wait for their place in the log, also those of an earlier run. */
  get unsent(): number {
    return this.#messages.ids.length;
  }

  /** @see Conversation.send */
  async send(text: string): Promise<SentMessage> {
    assertTextSize(text);
    return this.#queue({ text });
  }

  /** @see Conversation.correct, Conversation.edit, Conversation.delete */
  async revise(about: About, text = ""): Promise<SentMessage> {
    assertTextSize(text, maxRevisionBytes);
    return this.#queue({ text, about });
  }

  /**
   * Queues a message for an attachment whose upload is complete.
   * @param id the message's id, which was chosen when the upload began
   * @param after the last event that the log had then
   * @param also runs in the transaction that queues the message
   * @see Conversation.sendAttachment
   */
  sendAttachment(
    attachment: Attachment,
    id: MessageId,
    after: number,
    also: (transaction: StoreTransaction) => void,
  ): Promise<SentMessage> {
    return this.#queue({ attachment: attachmentToFields(attachment) }, { id, after, also });
  }

  /**
   * Requires that messages can be written.
   * @returns the last event of the log, after which they are written
   * @throws SealdeskError not_a_member, membership_unverified, conversation_closed, or the error that
   *   ended the connection
   */
  assertOpen(): number {
    const { log } = this.#deps;
    if (this.#end !== undefined) throw this.#end;
    const { state } = log;
    assertMember(state);
    if (state.closed) throw new SealdeskError("conversation_closed", "The conversation is closed.");
    return state.seq;
  }

  async #queue(
    said: Partial<Pick<OutboxEntry, "text" | "attachment" | "about">>,
    upload?: {
      readonly id: MessageId;
      readonly after: number;
      readonly also: (transaction: StoreTransaction) => void;
    },
  ): Promise<SentMessage> {
    const { store, conversation, log, newId } = this.#deps;
    const now = this.assertOpen();
    const { id, after, also } = upload ?? { id: newId(), after: now, also: () => undefined };
    const outcome = deferred<SentMessage>();
    this.#messages.add(id, outcome);
    const stored = store.transact(async (transaction) => {
      // A restore of the server may have shortened the log meanwhile.
      const entry = unsealedEntry(said, Math.min(after, log.cursor));
      putEntry(transaction, conversation, id, entry);
      also(transaction);
    });
    // The outcome is not awaited after that: if the connection ends meanwhile, it would be rejected unobserved.
    stored.then(
      () => {
        this.#window.add(id, undefined);
        this.#pump.wake();
      },
      (error: unknown) => this.#messages.fail(id, error),
    );
    return outcome.promise;
  }

  /** Starts sending. The connection is open and has delivered all own messages in the log. */
  open(): void {
    this.#window.open();
    this.#pump.wake();
  }

  /** Returns whether the store knows that this device sealed this message as this ciphertext. */
  hasSealed(id: MessageId, ciphertext: Uint8Array): boolean {
    return this.#messages.hasSealed(id, ciphertext);
  }

  /**
   * Takes over an outbox in the store that has no sealings any more.
   * @param notice a new message in the outbox, which is sent first
   */
  async reload(notice: MessageId | undefined): Promise<void> {
    await this.#pump.idle();
    this.#unsealed(this.#messages.ids);
    if (notice === undefined) return;
    this.#messages.add(notice);
    this.#window.addFirst(notice);
  }

  /** Stops sending, because the connection is gone. */
  lost(): void {
    this.#window.lost();
    this.#cancelTimer();
    this.#alarm.stop();
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
    this.#messages.complete(sent);
    this.#pump.wake();
  }

  /** Gives up an own message that the log holds in another form than this device sealed. */
  altered(id: MessageId): void {
    this.#window.remove(id);
    this.#answered();
    const message = "The server's log does not hold the message as this device sealed it.";
    this.#messages.fail(id, new SealdeskError("message_altered", message));
    this.#pump.wake();
  }

  /** Handles the relay's refusal to store a message. */
  refused(refused: Refused): void {
    const { clock, log } = this.#deps;
    const id = refused.clientMessageId;
    const verdict = verdictOn(refused);
    if (verdict.kind === "failed") return void this.#giveUp(id, verdict.error);
    if (verdict.held !== undefined) this.#hold(verdict.held);
    const epoch = log.state?.epoch ?? 0;
    const mayRepeat = this.#window.refused(id, verdict.refusal, epoch, clock.now());
    this.#answered();
    if (mayRepeat) return this.#pump.wake();
    const code = refused.code === "stale_message_id" ? refused.code : "send_refused";
    const error = new SealdeskError(code, "The relay kept refusing the message.", {
      problem: refused.code,
    });
    void this.#giveUp(id, error);
  }

  /** Rejects waiting sends with `error`. The outbox is kept for the next connection. */
  end(error: SealdeskError): void {
    this.#end ??= error;
    this.lost();
    this.#messages.rejectAll(error);
  }

  async #work(): Promise<void> {
    for (;;) {
      const state = this.#deps.log.state;
      const nowMs = this.#deps.clock.now();
      if (this.#end !== undefined || state === undefined) return;
      const { unsent } = this.#window;
      if (state.malformed && unsent.length > 0) {
        await this.#fail(unsent, unverified());
        continue;
      }
      const step = this.#window.next(state.epoch, nowMs);
      switch (step.kind) {
        case "idle":
          return;
        case "wait":
          return this.#wakeAt(step.untilMs);
        case "reseal":
          await unsealEntries(this.#deps, step.ids);
          this.#unsealed(step.ids);
          break;
        case "renew":
          if (nowMs < this.#retryAtMs) return this.#wakeAt(this.#retryAtMs);
          await this.#renew();
          break;
        case "seal":
          if (nowMs < this.#retryAtMs) return this.#wakeAt(this.#retryAtMs);
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
    const { newId, syncClock } = this.#deps;
    try {
      await syncClock();
    } catch (error) {
      if (!(error instanceof SealdeskError)) throw error;
      return this.#retryAfter(error);
    }
    const ids = new Map(this.#window.ids.map((id) => [id, newId<MessageId>()]));
    await renewEntries(this.#deps, ids);
    this.#messages.renew(ids);
    this.#window.renewed(ids);
  }

  #transmit(id: MessageId): boolean {
    const { conversation, transmit } = this.#deps;
    const sealing = this.#messages.sealingOf(id);
    if (sealing === undefined) {
      this.#window.unsealed([id]);
      return true;
    }
    if (!transmit({ kind: "send", body: sendOf(conversation, id, sealing) })) return false;
    this.#window.sent(id);
    this.#alarm.start();
    return true;
  }

  async #seal(ids: readonly MessageId[], state: ConversationState): Promise<void> {
    const outcome = await this.#sealer.seal(ids, state);
    switch (outcome.kind) {
      case "sealed":
        for (const [id, sealing] of outcome.made) {
          this.#messages.sealed(id, sealing);
          this.#window.sealed(id, sealing.keyId);
        }
        if (outcome.overtaken.length > 0) await this.#fail(outcome.overtaken, arrivedUnseen());
        return;
      case "again":
        return;
      case "later":
        return this.#retryAfter(outcome.error);
      case "failed":
        return this.#fail(ids, outcome.error);
    }
  }

  #unsealed(ids: readonly MessageId[]): void {
    this.#messages.unseal(ids);
    this.#window.unsealed(ids);
  }

  #retryAfter(error: SealdeskError): void {
    this.#retryAtMs = this.#deps.clock.now() + Math.max(retryMs, error.retryAfterMs ?? 0);
  }

  /** Gives up messages and rejects their sends. */
  async #fail(ids: readonly MessageId[], error: SealdeskError): Promise<void> {
    const { store, conversation } = this.#deps;
    await store.transact(async (transaction) => {
      for (const id of ids) deleteEntry(transaction, conversation, id);
    });
    for (const id of ids) {
      this.#window.remove(id);
      this.#messages.fail(id, error);
    }
    this.#pump.wake();
  }

  /** Gives up a message that was in flight. */
  async #giveUp(id: MessageId, error: SealdeskError): Promise<void> {
    try {
      await this.#fail([id], error);
      this.#answered();
    } catch (cause) {
      this.#deps.onFailure(cause);
    }
  }

  /** Reports once that messages wait. A message that is stored ends that. */
  #hold(error: SealdeskError): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#deps.onHeld(error);
  }

  /** Restarts the alarm for the messages that are still unanswered, if there are any. */
  #answered(): void {
    this.#alarm.answered(this.#window.unanswered);
  }

  #wakeAt(atMs: number): void {
    const { clock } = this.#deps;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(Math.max(0, atMs - clock.now()), () => this.#pump.wake());
  }
}
