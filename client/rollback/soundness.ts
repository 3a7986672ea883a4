import type { ConversationId } from "../../crypto/wire/ids.ts";
import { deferred, type Deferred } from "../deferred.ts";
import { SealdeskError } from "../errors.ts";
import { closedError } from "../options.ts";
import { sleep, type Clock } from "../runtime.ts";
import type { Welcomed } from "../transport/relay-connection.ts";
import type { Rollback } from "./rollback.ts";

export interface SoundnessDeps {
  readonly rollback: Rollback;
  readonly clock: Clock;
  /** Aborts when the connection is closed permanently. */
  readonly signal: AbortSignal;
  /** Returns the seq of the conversation's last event in the store. */
  readonly cursorOf: (conversation: ConversationId) => number;
  readonly replaceKeys: () => Promise<void>;
  /**
   * Called at the first sign of a rollback. From this moment nothing may be sent on this
   * connection.
   */
  readonly onSuspect: () => void;
  /** Called when the store is recorded as an older copy. The device must connect again. */
  readonly onOlder: () => void;
  /** Called when waiting messages may be sent. */
  readonly onSound: () => void;
  readonly onFailure: (error: unknown) => void;
}

interface Connection {
  readonly heads: Welcomed["heads"];
  /** Conversations whose events from before the connection have not all arrived. */
  readonly unheard: Set<ConversationId>;
  /** Conversations whose events from before the connection are not all in the store. */
  readonly unrecorded: Set<ConversationId>;
  verdict: "open" | "older" | "sound";
}

function awaitedOrNot(): Deferred<void> {
  const made = deferred<void>();
  made.promise.catch(() => undefined);
  return made;
}

const firstWaitMs = 500;
const longestWaitMs = 30_000;

/**
 * Finds out on each connection, before anything is sent, whether the store is an older copy. There
 * are two signs: the generation that the server tells, and own messages among the first events of
 * the connection. Keys are replaced when all of these events are in the store, because the old keys
 * may still open them.
 */
export class Soundness {
  readonly #deps: SoundnessDeps;
  #connection: Connection | undefined;
  #sound = awaitedOrNot();
  #replacing = false;

  constructor(deps: SoundnessDeps) {
    this.#deps = deps;
    deps.signal.addEventListener("abort", () => this.#sound.reject(closedError()));
  }

  get isSound(): boolean {
    return this.#connection?.verdict === "sound";
  }

  /** Call it when a connection was made. */
  begin({ heads, lastGeneration }: Pick<Welcomed, "heads" | "lastGeneration">): void {
    const conversations = heads.map(({ conversation }) => conversation);
    this.#connection = {
      heads,
      unheard: new Set(conversations),
      unrecorded: new Set(conversations),
      verdict: "open",
    };
    if (this.#deps.rollback.isOlder(lastGeneration)) this.#older(lastGeneration);
    else this.#judge();
  }

  /** Call it when the connection was lost. */
  end(): void {
    if (this.isSound) this.#sound = awaitedOrNot();
    this.#connection = undefined;
  }

  /**
   * Resolves when something may be sealed.
   * @throws SealdeskError closed
   */
  async whenSound(): Promise<void> {
    while (!this.isSound) {
      if (this.#deps.signal.aborted) throw closedError();
      await this.#sound.promise;
    }
  }

  /** Call it when a message of this device arrived that its store does not know. */
  sawUnknown(conversation: ConversationId, seq: number): void {
    const { rollback } = this.#deps;
    if (!rollback.isUnseen(conversation, seq)) this.#older(0, { conversation, seq });
  }

  /** Call it when all events of the conversation from before the connection have arrived. */
  heard(conversation: ConversationId): void {
    this.#connection?.unheard.delete(conversation);
    this.#judge();
  }

  /** Call it when all events of the conversation from before the connection are in the store. */
  recorded(conversation: ConversationId): void {
    this.#connection?.unrecorded.delete(conversation);
    this.#judge();
  }

  #judge(): void {
    const { rollback, onSound } = this.#deps;
    const connection = this.#connection;
    if (connection?.verdict !== "open") return;
    if (rollback.pending) {
      if (connection.unrecorded.size === 0) this.#replace();
    } else if (connection.unheard.size === 0) {
      connection.verdict = "sound";
      this.#sound.resolve();
      onSound();
    }
  }

  #older(
    lastGeneration: number,
    seen?: { readonly conversation: ConversationId; readonly seq: number },
  ): void {
    const { rollback, cursorOf, onSuspect, onOlder, onFailure } = this.#deps;
    const connection = this.#connection;
    if (connection === undefined || connection.verdict === "older") return;
    if (connection.verdict === "sound") this.#sound = awaitedOrNot();
    connection.verdict = "older";
    onSuspect();
    const ends = new Map(connection.heads.map(({ conversation, seq }) => [conversation, seq]));
    if (seen !== undefined)
      ends.set(seen.conversation, Math.max(seen.seq, ends.get(seen.conversation) ?? 0));
    const unseen = [...ends]
      .map(([conversation, to]) => ({ conversation, after: cursorOf(conversation), to }))
      .filter(({ after, to }) => to > after);
    rollback.found(unseen, lastGeneration).then(onOlder, onFailure);
  }

  #replace(): void {
    if (this.#replacing) return;
    this.#replacing = true;
    const { onFailure, signal } = this.#deps;
    this.#untilReplaced()
      .catch((error: unknown) => {
        if (!signal.aborted) onFailure(error);
      })
      .finally(() => {
        this.#replacing = false;
        if (!signal.aborted) this.#judge();
      });
  }

  /** Holds back all messages until the server has taken the new keys, whatever it answers. */
  async #untilReplaced(): Promise<void> {
    const { replaceKeys, clock, signal } = this.#deps;
    for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs))
      try {
        return await replaceKeys();
      } catch (error) {
        if (!(error instanceof SealdeskError)) throw error;
        await sleep(clock, Math.max(waitMs, error.retryAfterMs ?? 0), signal);
      }
  }
}
