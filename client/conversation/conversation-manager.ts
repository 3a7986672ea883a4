import type { Deliver, Frame, Head } from "../../crypto/wire/frame.ts";
import type { ConversationId, DeviceId, UserId } from "../../crypto/wire/ids.ts";
import { InterruptedUploads } from "../attachments/interrupted-uploads.ts";
import { Uploader } from "../attachments/uploader.ts";
import type { UploadsApi } from "../attachments/uploads-api.ts";
import { noteCaughtUp } from "../device/removed-devices.ts";
import type { SealdeskError } from "../errors.ts";
import { HistoryExchange, type ExchangeDeps } from "../history/exchange.ts";
import { listStoredPacks } from "../history/outgoing-job.ts";
import type { HistoryProgress } from "../history/progress.ts";
import { replaceKeys, type ReplaceKeysDeps } from "../rollback/replace-keys.ts";
import type { Rollback } from "../rollback/rollback.ts";
import { RestoreCheck, type RestoreCheckDeps } from "../restore/restore-check.ts";
import { Soundness } from "../rollback/soundness.ts";
import type { Welcomed } from "../transport/relay-connection.ts";
import { Acknowledger } from "./acknowledger.ts";
import { Activities, type MemberActivity } from "./activities.ts";
import { isMember } from "./assert-member.ts";
import { CatchUp } from "./catch-up.ts";
import type { Conversation, Files } from "./conversation.ts";
import {
  createConversationParts,
  type ConversationDeps,
  type ConversationParts,
  type WaitingEntries,
} from "./conversation-parts.ts";
import type { ConversationLog } from "./log.ts";
import { loadOutbox } from "./outbox.ts";
import { hasDevice, loadStates, type ConversationState } from "./state.ts";
import type { ToldLimits } from "./told-limits.ts";

export interface ConversationManagerDeps extends Omit<
  ConversationDeps,
  "api" | "keyLog" | "rollback" | "limits"
> {
  readonly limits: ToldLimits;
  readonly rollback: Rollback;
  readonly keyLog: ConversationDeps["keyLog"] & RestoreCheckDeps["keyLog"];
  readonly api: ConversationDeps["api"] & ExchangeDeps["api"] & ReplaceKeysDeps["api"];
  readonly uploads: UploadsApi;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
  readonly onActivity: (activity: MemberActivity) => void;
  /** The store is not an older copy, or its keys are replaced. Waiting messages may be sent. */
  readonly onSound: () => void;
  /** The store was found to be an older copy. Its keys are replaced. */
  readonly onRolledBack: (lost: number) => void;
  readonly onHistory: (conversation: Conversation, progress: HistoryProgress) => void;
}

/** All conversations of a device. It passes each frame to the conversation that it belongs to. */
export class ConversationManager {
  /** Returns the log of a conversation, on whose last event this device signs. */
  readonly logOf = (id: ConversationId): ConversationLog => this.#openConversation(id).log;
  readonly #deps: ConversationManagerDeps;
  readonly #openConversations = new Map<ConversationId, ConversationParts>();
  readonly #acknowledger: Acknowledger;
  readonly #activities: Activities;
  readonly #files: Files;
  readonly #history: HistoryExchange;
  readonly #soundness: Soundness;
  readonly #interrupted: InterruptedUploads;
  readonly #catchUp = new CatchUp();
  readonly #restoreCheck: RestoreCheck;
  /** Aborts when the connection is lost. */
  #connection = new AbortController();
  #includeFinished = false;

  private constructor(deps: ConversationManagerDeps, interrupted: InterruptedUploads) {
    this.#deps = deps;
    this.#interrupted = interrupted;
    this.#activities = new Activities(deps.clock, deps.onActivity);
    this.#restoreCheck = new RestoreCheck(deps);
    this.#files = { uploader: new Uploader(deps), downloads: deps };
    this.#soundness = new Soundness({
      ...deps,
      cursorOf: (id) => this.#cursorOf(id),
      replaceKeys: () => this.#replaceKeys(),
      onSuspect: () => this.#stopSending(),
      onOlder: () => deps.recycle("the store is an older copy"),
      onSound: () => this.#onSound(),
    });
    const { onProblem, onHistory } = deps;
    this.#history = new HistoryExchange(
      {
        ...deps,
        whenSound: () => this.#soundness.whenSound(),
        onProblem: (id, problem) => onProblem(this.#openConversation(id).conversation, problem),
        onProgress: (id, progress) => onHistory(this.#openConversation(id).conversation, progress),
      },
      this.logOf,
    );
    this.#acknowledger = new Acknowledger(
      deps.clock,
      (cursors) => void deps.transmit({ kind: "ack", body: { cursors } }),
    );
  }

  static async load(deps: ConversationManagerDeps): Promise<ConversationManager> {
    const { store } = deps;
    const interrupted = await InterruptedUploads.load(store, await listStoredPacks(store));
    const manager = new ConversationManager(deps, interrupted);
    const outbox = await loadOutbox(store);
    for (const [id, state] of await loadStates(store)) manager.#add(id, state, outbox.get(id));
    await manager.#history.resume();
    return manager;
  }

  conversations(): readonly Conversation[] {
    return [...this.#openConversations.values()]
      .filter(({ log }) => log.state !== undefined)
      .map(({ conversation }) => conversation);
  }

  conversation(id: ConversationId): Conversation | undefined {
    const known = this.#openConversations.get(id);
    return known?.log.state === undefined ? undefined : known.conversation;
  }

  /** Resolves when the conversation's events up to `seq` are in the store. */
  async reached(id: ConversationId, seq: number): Promise<Conversation> {
    const { log, conversation } = this.#openConversation(id);
    await log.reached(seq);
    return conversation;
  }

  /**
   * Resolves when no conversation that this device may seal messages for lists the device.
   * @returns false if `signal` aborts first
   * @throws SealdeskError the error that ended the connection
   */
  async whenGone(device: DeviceId, signal: AbortSignal): Promise<boolean> {
    const lists = ({ state }: ConversationLog) =>
      state !== undefined && isMember(state) && !state.closed && hasDevice(state.members, device);
    const logs = Array.from(this.#openConversations.values(), ({ log }) => log).filter(lists);
    const gone = await Promise.all(logs.map((log) => log.until(() => !lists(log), signal)));
    return gone.every(Boolean);
  }

  /** Resolves when everything that the relay had at the last connection is in the store. */
  synced(): Promise<void> {
    return this.#catchUp.whenSynced();
  }

  /** Looks again for the certificates of members who had none. Resolves when that ends. */
  async certify(): Promise<void> {
    await Promise.all(
      Array.from(this.#openConversations.values(), ({ receiver }) => receiver.certify()),
    );
  }

  /**
   * Treats a user as not certified in every conversation. Call it before the user's account key is replaced:
   * the authority certified the former key.
   */
  async uncertify(user: UserId): Promise<void> {
    await Promise.all(
      Array.from(this.#openConversations.values(), ({ receiver }) => receiver.uncertify(user)),
    );
  }

  /** Resolves when no event of the last connection is being processed. */
  async settled(): Promise<void> {
    await Promise.all(
      Array.from(this.#openConversations.values(), ({ receiver }) => receiver.reset()),
    );
  }

  /**
   * Returns true if the store may lack events that it acknowledged before. The relay must then list
   * finished conversations too.
   */
  get includeFinished(): boolean {
    return this.#includeFinished || this.#deps.rollback.pending;
  }

  onUp(welcome: Welcomed): void {
    const listed = welcome.heads.map(({ conversation }) => conversation);
    if (!this.includeFinished && this.#lacksTheEnd(new Set(listed))) {
      this.#includeFinished = true;
      this.#deps.recycle("the store lacks the end of a conversation");
      return;
    }
    this.#catchUp.begin(listed, (id) => this.#noteCaughtUp(id));
    this.#soundness.begin(welcome);
    this.#deps.limits.told(welcome.limits).catch(this.#deps.onFailure);
    this.#connection = new AbortController();
    this.#begin(welcome.heads, this.#connection.signal).catch(this.#deps.onFailure);
  }

  /**
   * Tells the relay which events are in the store. The relay then sends the events after them. If
   * the server was restored from a backup, it sends events again that may differ.
   */
  async #begin(heads: readonly Head[], signal: AbortSignal): Promise<void> {
    const check = this.#restoreCheck;
    const listed = new Map(heads.map((head) => [head.conversation, head]));
    const isForgetful =
      check.hasForgotten(heads, (id) => this.#cursorOf(id)) || this.#lacksTheEnd(listed);
    if (isForgetful && (await check.ask(signal)) === "unknown") {
      check.suspect();
      if (!signal.aborted) this.#deps.recycle("nobody says whether the server was restored");
      return;
    }
    const from = new Map<ConversationId, number>();
    for (const [id, opened] of this.#openConversations) {
      if (signal.aborted) return;
      if (!check.isDue(opened.log.state)) continue;
      const after = await check.begin(opened, listed.get(id), signal);
      if (after !== undefined) from.set(id, after);
    }
    if (signal.aborted) return;
    for (const { conversation, seq } of heads)
      if (!from.has(conversation)) this.#compareHead(conversation, seq);
    this.#acknowledger.tell(
      heads.map(({ conversation }) => ({
        conversation,
        seq: from.get(conversation) ?? this.#cursorOf(conversation),
      })),
    );
  }

  /**
   * Returns true if the store knows an open conversation of this device that the relay does not
   * list. The relay leaves out conversations that are finished and acknowledged to their end, so
   * the store has lost that end.
   */
  #lacksTheEnd(listed: Pick<ReadonlySet<ConversationId>, "has">): boolean {
    return this.#writable().some((id) => !listed.has(id));
  }

  /** Returns the conversations that this device may write in, as far as the store knows. */
  #writable(): readonly ConversationId[] {
    return [...this.#openConversations.values()]
      .filter(({ log: { state } }) => state !== undefined && isMember(state) && !state.closed)
      .map(({ log }) => log.id);
  }

  #cursorOf(id: ConversationId): number {
    return this.#openConversations.get(id)?.log.cursor ?? 0;
  }

  onDown(): void {
    this.#connection.abort();
    this.#catchUp.end();
    this.#soundness.end();
    this.#acknowledger.reset();
    this.#activities.reset();
    this.#stopSending();
  }

  #stopSending(): void {
    for (const { sender } of this.#openConversations.values()) sender.lost();
  }

  onFrame(frame: Frame): void {
    switch (frame.kind) {
      case "deliver":
        this.#lookForOwn(frame.body);
        this.#catchUp.arrived(frame.body.conversation);
        return this.#openConversation(frame.body.conversation).receiver.deliver(frame.body);
      case "gap":
        return this.#openConversation(frame.body.conversation).receiver.gap(frame.body);
      case "activity":
        return this.#activities.heard(frame.body);
      case "accepted":
        return this.#openConversations.get(frame.body.conversation)?.receiver.accepted(frame.body);
      case "refused":
        return this.#openConversations.get(frame.body.conversation)?.sender.refused(frame.body);
      case "synced":
        this.#soundness.heard(frame.body.conversation);
        return this.#openConversation(frame.body.conversation).receiver.caughtUp(frame.body.seq);
      default:
      // No other frame belongs to a conversation.
    }
  }

  /**
   * Ends readers and waiting sends. They get the error that ended the connection, unless `quietly`
   * is set: then readers just end.
   */
  async end(reason: SealdeskError, quietly: boolean): Promise<void> {
    this.onDown();
    for (const { log, sender } of this.#openConversations.values()) {
      log.end(reason, quietly);
      sender.end(reason);
    }
    this.#catchUp.release();
    for (const { receiver, sender } of this.#openConversations.values())
      await Promise.all([receiver.reset(), sender.idle()]);
  }

  /**
   * Returns the open conversation, and adds it if it is new. A new one may send at once, because
   * all its events arrive live.
   */
  #openConversation(id: ConversationId): ConversationParts {
    const known = this.#openConversations.get(id);
    if (known !== undefined) return known;
    const made = this.#add(id);
    this.#openIfReady(id, made);
    return made;
  }

  /**
   * Waits until the events up to `seq` are recorded. From then on, all own messages of earlier
   * connections are known.
   */
  #onCaughtUp(id: ConversationId, seq: number): void {
    const opened = this.#openConversation(id);
    this.#catchUp.finish(id, opened.log.reached(seq), () => {
      this.#soundness.recorded(id);
      this.#openIfReady(id, opened);
    });
  }

  /** What arrives in the conversation from now on happened after the removals that were known at the hello. */
  #noteCaughtUp(id: ConversationId): void {
    const { store, rollback, onFailure } = this.#deps;
    const { generation } = rollback;
    store.transact(async (each) => noteCaughtUp(each, id, generation)).catch(onFailure);
  }

  /** Starts sending in a conversation once no event can still arrive that might forbid it. */
  #openIfReady(id: ConversationId, { sender }: ConversationParts): void {
    if (this.#soundness.isSound && this.#catchUp.isDone(id)) sender.open();
  }

  /** Starts sending. The store is not an older copy, or its keys are replaced. */
  #onSound(): void {
    const { rollback, clock, onSound, onRolledBack, onFailure } = this.#deps;
    for (const [id, opened] of this.#openConversations) this.#openIfReady(id, opened);
    onSound();
    const lost = rollback.untold;
    // Report it later, so that the caller who waits for the connection can add a listener first.
    if (lost !== undefined)
      clock.after(0, () => {
        onRolledBack(lost);
        rollback.told().catch(onFailure);
      });
    this.#interrupted
      .resume(this.#files.uploader, (id) => this.#openConversation(id).sender)
      .catch(onFailure);
  }

  /**
   * Looks for an own message that the store does not know. Such a message shows that the store is
   * an older copy.
   */
  #lookForOwn(event: Deliver): void {
    const { conversation, seq, clientMessageId, ciphertext } = event;
    if (event.kind !== "message" || event.senderDevice !== this.#deps.account.device) return;
    const { log, sender } = this.#openConversation(conversation);
    if (seq > log.cursor && !sender.hasSealed(clientMessageId, ciphertext))
      this.#soundness.sawUnknown(conversation, seq);
  }

  async #replaceKeys(): Promise<void> {
    const { device } = this.#deps.account;
    const notices = await replaceKeys({ ...this.#deps, device, open: () => this.#writable() });
    const noticeOf = new Map(notices.map(({ conversation, id }) => [conversation, id]));
    for (const [id, { sender }] of this.#openConversations) await sender.reload(noticeOf.get(id));
  }

  /**
   * Reports a log that is shorter than before (R23). A log only grows, so this one is another log or an
   * older copy.
   */
  #compareHead(id: ConversationId, seq: number): void {
    const opened = this.#openConversations.get(id);
    if (opened === undefined || seq >= opened.log.cursor) return;
    const problem = opened.log.report(seq + 1, "rolled_back");
    if (problem !== undefined) this.#deps.onProblem(opened.conversation, problem);
  }

  #add(
    id: ConversationId,
    state?: ConversationState,
    outbox: WaitingEntries = [],
  ): ConversationParts {
    const made = createConversationParts(this.#deps, {
      id,
      state,
      outbox,
      acknowledger: this.#acknowledger,
      files: this.#files,
      history: this.#history,
      onCaughtUp: (seq) => this.#onCaughtUp(id, seq),
      onBadLog: () => {
        this.#restoreCheck.suspect();
        this.#deps.recycle("the log is not as it must be");
      },
    });
    this.#openConversations.set(id, made);
    return made;
  }
}
