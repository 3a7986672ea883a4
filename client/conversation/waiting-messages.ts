import type { MessageId } from "../../crypto/wire/ids.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { Deferred } from "../deferred.ts";
import type { SealdeskError } from "../errors.ts";
import type { OutboxEntry, Sealing } from "./outbox.ts";

/** A message that is in the log. */
export interface SentMessage {
  /** The message's id, a UUIDv7. */
  readonly id: MessageId;
  readonly seq: number;
  /** Milliseconds since the Unix epoch, by the relay's clock. */
  readonly receivedAtMs: number;
}

interface WaitingMessage {
  sealing: Sealing | undefined;
  /** SHA-256 of every ciphertext that the message was ever sealed as. */
  digests: readonly Uint8Array[];
  /** The caller who waits for it. Undefined if it was queued in an earlier run. */
  outcome: Deferred<SentMessage> | undefined;
}

/** The messages of one conversation's outbox: how they were sealed, and who waits for them. */
export class WaitingMessages {
  readonly #messages = new Map<MessageId, WaitingMessage>();

  get ids(): readonly MessageId[] {
    return [...this.#messages.keys()];
  }

  /** Adds a message that was never sealed. */
  add(id: MessageId, outcome?: Deferred<SentMessage>): void {
    this.#messages.set(id, { sealing: undefined, digests: [], outcome });
  }

  /** Adds a message that was queued in an earlier run. */
  restore(id: MessageId, { sealing, sealed }: Pick<OutboxEntry, "sealing" | "sealed">): void {
    const digests = sealed.map(({ digest }) => digest);
    this.#messages.set(id, { sealing, digests, outcome: undefined });
  }

  sealingOf(id: MessageId): Sealing | undefined {
    return this.#messages.get(id)?.sealing;
  }

  sealed(id: MessageId, sealing: Sealing): void {
    const message = this.#messages.get(id);
    if (message === undefined) return;
    message.sealing = sealing;
    message.digests = [...message.digests, sha256(sealing.ciphertext)];
  }

  /** Returns whether a waiting message was sealed as this ciphertext. */
  hasSealed(id: MessageId, ciphertext: Uint8Array): boolean {
    const digest = sha256(ciphertext);
    const digests = this.#messages.get(id)?.digests ?? [];
    return digests.some((each) => equalBytes(each, digest));
  }

  /** Forgets the sealings. The digests stay, because a sealing may already be in the log. */
  unseal(ids: readonly MessageId[]): void {
    for (const id of ids) {
      const message = this.#messages.get(id);
      if (message !== undefined) message.sealing = undefined;
    }
  }

  /**
   * Replaces ids. These messages count as never sealed.
   * @param ids the new id by the old one
   */
  renew(ids: ReadonlyMap<MessageId, MessageId>): void {
    for (const [before, id] of ids) {
      const message = this.#messages.get(before);
      this.#messages.delete(before);
      if (message !== undefined) this.add(id, message.outcome);
    }
  }

  /** Removes a message that is in the log, and resolves its send. */
  complete(sent: SentMessage): void {
    this.#remove(sent.id)?.resolve(sent);
  }

  /** Removes a message that is given up, and rejects its send. */
  fail(id: MessageId, error: unknown): void {
    this.#remove(id)?.reject(error);
  }

  /** Rejects all sends. The messages stay. */
  rejectAll(error: SealdeskError): void {
    for (const message of this.#messages.values()) {
      message.outcome?.reject(error);
      message.outcome = undefined;
    }
  }

  #remove(id: MessageId): Deferred<SentMessage> | undefined {
    const outcome = this.#messages.get(id)?.outcome;
    this.#messages.delete(id);
    return outcome;
  }
}
