import { wireLimits, type Cursor, type Deliver, type Frame } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Api } from "../http/api.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { Clock } from "../runtime.ts";
import { Acknowledger } from "./acknowledger.ts";
import { Activities, type MemberActivity } from "./activities.ts";
import { Uploader } from "../attachments/uploader.ts";
import { HistoryExchange, type ExchangeDeps } from "../history/exchange.ts";
import { listStoredPacks } from "../history/outgoing-job.ts";
import type { HistoryProgress } from "../history/progress.ts";
import { clearSpool, isPending, loadUploads, type PendingUpload } from "../attachments/spool.ts";
import type { UploadsApi } from "../attachments/uploads-api.ts";
import { Conversation, type Files } from "./conversation.ts";
import type { UnreachableDevice } from "../events.ts";
import { deviceChange, type DeviceChange } from "./device-change.ts";
import { itemsOf } from "./history.ts";
import type { ProblemItem } from "./items.ts";
import { ConversationLog } from "./log.ts";
import { loadOutbox, type OutboxEntry } from "./outbox.ts";
import type { SealdeskError } from "../errors.ts";
import { replaceKeys, type ReplaceKeysDeps } from "../rollback/replace-keys.ts";
import type { Rollback } from "../rollback/rollback.ts";
import { Soundness } from "../rollback/soundness.ts";
import type { Welcomed } from "../transport/relay-connection.ts";
import { Receiver } from "./receiver.ts";
import type { RecordingDeps } from "./record-event.ts";
import { Sender } from "./sender.ts";
import { loadStates, type ConversationState } from "./state.ts";

export interface ConversationManagerDeps extends Omit<RecordingDeps, "rollback"> {
  readonly rollback: Rollback;
  readonly api: ExchangeDeps["api"] &
    ReplaceKeysDeps["api"] &
    Pick<
      Api,
      "takeBundle" | "addMember" | "removeMember" | "closeConversation" | "keyLogCheckpoint"
    >;
  readonly uploads: UploadsApi;
  readonly keyLog: Pick<KeyLog, "heard" | "headFor">;
  readonly clock: Clock;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
  readonly newId: () => Uuid;
  /** @returns false when there is no connection */
  readonly transmit: (frame: Frame) => boolean;
  /** Closes the connection so that another one replaces it. */
  readonly recycle: (reason: string) => void;
  /** The first event of a conversation that was not known before is in the store. */
  readonly onConversation: (conversation: Conversation) => void;
  readonly onProblem: (conversation: Conversation, problem: ProblemItem) => void;
  readonly onDevice: (change: DeviceChange) => void;
  readonly onHeld: (conversation: Conversation, error: SealdeskError) => void;
  readonly onActivity: (activity: MemberActivity) => void;
  /** The store is not an older copy, or its keys are replaced. Waiting messages may be sent. */
  readonly onSound: () => void;
  /** The store was found to be an older copy. Its keys are replaced. */
  readonly onRolledBack: (lost: number) => void;
  /** Messages of a conversation are sent without a device, because its prekeys cannot be used. */
  readonly onUnreachable: (unreachable: UnreachableDevice) => void;
  readonly onHistory: (conversation: Conversation, progress: HistoryProgress) => void;
  /** The store failed. Nothing can be received or sent any more. */
  readonly onFailure: (error: unknown) => void;
}

interface OpenConversation {
  readonly conversation: Conversation;
  readonly log: ConversationLog;
  readonly receiver: Receiver;
  readonly sender: Sender;
}

/** All conversations of a device. It passes each frame to the conversation that it belongs to. */
export class ConversationManager {
  readonly #deps: ConversationManagerDeps;
  readonly #openConversations = new Map<Uuid, OpenConversation>();
  readonly #acknowledger: Acknowledger;
  readonly #activities: Activities;
  readonly #files: Files;
  readonly #history: HistoryExchange;
  readonly #soundness: Soundness;
  /** Uploads that were in progress when the device last stopped. */
  #uploads: PendingUpload[] = [];
  /**
   * The conversations for which the relay has not yet sent `synced`. Undefined while not connected.
   */
  #catchingUp: Set<Uuid> | undefined;
  #includeFinished = false;
  #onSynced: (() => void)[] = [];

  private constructor(deps: ConversationManagerDeps) {
    this.#deps = deps;
    this.#activities = new Activities(deps.clock, deps.onActivity);
    this.#files = { uploader: new Uploader(deps), downloads: deps };
    this.#soundness = new Soundness({
      ...deps,
      cursorOf: (id) => this.#openConversations.get(id)?.log.cursor ?? 0,
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
      (id) => this.#openConversations.get(id)?.log.state,
    );
    this.#acknowledger = new Acknowledger(deps.clock, (cursors) => this.#acknowledge(cursors));
  }

  static async load(deps: ConversationManagerDeps): Promise<ConversationManager> {
    const manager = new ConversationManager(deps);
    const outbox = await loadOutbox(deps.store);
    for (const [id, state] of await loadStates(deps.store))
      manager.#add(id, state, outbox.get(id) ?? []);
    manager.#uploads = [...(await loadUploads(deps.store, await listStoredPacks(deps.store)))];
    await manager.#history.resume();
    return manager;
  }

  conversations(): readonly Conversation[] {
    return [...this.#openConversations.values()]
      .filter(({ log }) => log.state !== undefined)
      .map(({ conversation }) => conversation);
  }

  conversation(id: Uuid): Conversation | undefined {
    const openConversation = this.#openConversations.get(id);
    return openConversation?.log.state === undefined ? undefined : openConversation.conversation;
  }

  /** Resolves when the conversation's events up to `seq` are in the store. */
  async reached(id: Uuid, seq: number): Promise<Conversation> {
    const { log, conversation } = this.#openConversation(id);
    await log.reached(seq);
    return conversation;
  }

  /** Resolves when everything that the relay had at the last connection is in the store. */
  synced(): Promise<void> {
    if (this.#catchingUp?.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onSynced.push(resolve));
  }

  /** Resolves when no event of the last connection is being processed. */
  async settled(): Promise<void> {
    await Promise.all(
      Array.from(this.#openConversations.values(), ({ receiver }) => receiver.reset()),
    );
  }

  /**
   * True if the store may lack what it acknowledged before, so that the relay must list the
   * conversations that are finished, too.
   */
  get includeFinished(): boolean {
    return this.#includeFinished || this.#deps.rollback.pending;
  }

  onUp(welcome: Welcomed): void {
    const listed = new Set(welcome.heads.map(({ conversation }) => conversation));
    this.#catchingUp = listed;
    if (!this.includeFinished && this.#lacksTheEnd(listed)) {
      this.#includeFinished = true;
      this.#deps.recycle("the store lacks the end of a conversation");
      return;
    }
    for (const { conversation, seq } of welcome.heads) this.#compareHead(conversation, seq);
    this.#soundness.begin(welcome);
    this.#startFrom(welcome.heads.map(({ conversation }) => conversation));
    this.#announceSynced();
  }

  /**
   * True if the store knows an open conversation of this device that the relay does not list. The
   * relay leaves out what is finished and acknowledged to its end, so the store has lost that end.
   */
  #lacksTheEnd(listed: ReadonlySet<Uuid>): boolean {
    return [...this.#openConversations.values()].some(
      ({ log }) => log.state?.joined === true && !log.state.closed && !listed.has(log.id),
    );
  }

  /** Tells the relay what is in the store. It sends what comes after. */
  #startFrom(conversations: readonly Uuid[]): void {
    this.#acknowledge(
      conversations.map((conversation) => ({
        conversation,
        seq: this.#openConversations.get(conversation)?.log.cursor ?? 0,
      })),
    );
  }

  #acknowledge(all: readonly Cursor[]): void {
    for (let from = 0; from < all.length; from += wireLimits.cursors) {
      const cursors = all.slice(from, from + wireLimits.cursors);
      this.#deps.transmit({ kind: "ack", body: { cursors } });
    }
  }

  onDown(): void {
    this.#catchingUp = undefined;
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
        return this.#onCaughtUp(frame.body.conversation, frame.body.seq);
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
    for (const resolve of this.#onSynced.splice(0)) resolve();
    for (const { receiver, sender } of this.#openConversations.values())
      await Promise.all([receiver.reset(), sender.idle()]);
  }

  /** Resumes an upload. Its caller waited in an earlier run, so nobody needs the result. */
  #resume(upload: PendingUpload): void {
    const { sender } = this.#openConversation(upload.conversation);
    this.#files.uploader.resume(upload, sender).catch(() => undefined);
  }

  /**
   * Returns the open conversation, and adds it if it is new. A new one may send at once, because
   * all its events arrive live.
   */
  #openConversation(id: Uuid): OpenConversation {
    const known = this.#openConversations.get(id);
    if (known !== undefined) return known;
    const made = this.#add(id, undefined, []);
    this.#openIfReady(id, made);
    return made;
  }

  /**
   * Waits until the events up to `seq` are recorded. From then on, all own messages of earlier
   * connections are known.
   */
  #onCaughtUp(id: Uuid, seq: number): void {
    const openConversation = this.#openConversation(id);
    const catchingUp = this.#catchingUp;
    void openConversation.log.reached(seq).then(
      () => {
        if (catchingUp !== this.#catchingUp) return;
        catchingUp?.delete(id);
        this.#soundness.recorded(id);
        this.#openIfReady(id, openConversation);
        this.#announceSynced();
      },
      () => undefined,
    );
  }

  /** Starts sending in a conversation once no event can still arrive that might forbid it. */
  #openIfReady(id: Uuid, { sender }: OpenConversation): void {
    if (this.#soundness.isSound && this.#catchingUp?.has(id) === false) sender.open();
  }

  /** Starts sending. The store is not an older copy, or its keys are replaced. */
  #onSound(): void {
    const { rollback, clock, onSound, onRolledBack, onFailure } = this.#deps;
    for (const [id, openConversation] of this.#openConversations)
      this.#openIfReady(id, openConversation);
    onSound();
    const lost = rollback.untold;
    // Report it later, so that the caller who waits for the connection can add a listener first.
    if (lost !== undefined)
      clock.after(0, () => {
        onRolledBack(lost);
        rollback.told().catch(onFailure);
      });
    this.#goOn().catch(onFailure);
  }

  /** Resumes the uploads that were in progress when the device last stopped. */
  async #goOn(): Promise<void> {
    const { store } = this.#deps;
    for (const upload of this.#uploads.splice(0))
      // If its message turned out to be in the log, the upload is finished.
      if (await isPending(store, upload)) this.#resume(upload);
      else await clearSpool(store, upload.attachment.id);
  }

  /**
   * Looks for an own message that the store does not know. Such a message shows that the store is
   * an older copy.
   */
  #lookForOwn({
    conversation,
    seq,
    kind,
    senderDevice,
    clientMessageId,
    ciphertext,
  }: Deliver): void {
    if (kind !== "message" || senderDevice !== this.#deps.account.device) return;
    const { log, sender } = this.#openConversation(conversation);
    if (seq > log.cursor && !sender.hasSealed(clientMessageId, ciphertext))
      this.#soundness.sawUnknown(conversation, seq);
  }

  async #replaceKeys(): Promise<void> {
    const open = () =>
      [...this.#openConversations.values()]
        .filter(({ log }) => log.state?.joined === true && !log.state.closed)
        .map(({ log }) => log.id);
    const { device } = this.#deps.account;
    const notices = await replaceKeys({ ...this.#deps, device, open });
    const noticeOf = new Map(notices.map(({ conversation, id }) => [conversation, id]));
    for (const [id, { sender }] of this.#openConversations) await sender.reload(noticeOf.get(id));
  }

  /**
   * Reports a log that is shorter than before. A log only grows, so this one is another log or an
   * older copy.
   */
  #compareHead(id: Uuid, seq: number): void {
    const openConversation = this.#openConversations.get(id);
    if (openConversation === undefined || seq >= openConversation.log.cursor) return;
    const problem = openConversation.log.report(seq + 1, "rolled_back");
    if (problem !== undefined) this.#deps.onProblem(openConversation.conversation, problem);
  }

  #announceSynced(): void {
    if (this.#catchingUp?.size !== 0) return;
    for (const resolve of this.#onSynced.splice(0)) resolve();
  }

  #add(
    id: Uuid,
    state: ConversationState | undefined,
    outbox: readonly (readonly [Uuid, OutboxEntry])[],
  ): OpenConversation {
    const deps = this.#deps;
    const { account, store, api } = deps;
    const log = new ConversationLog(id, account, store, state);
    const sender: Sender = new Sender(
      {
        ...deps,
        log,
        conversation: id,
        ownDevice: account.device,
        onSilence: () => deps.recycle("a message was not answered"),
        syncClock: () => api.keyLogCheckpoint(),
        onUnreachable: (device) => {
          const user = deps.trust.device(device)?.user;
          if (user !== undefined) deps.onUnreachable({ conversation: id, user, device });
        },
        onHeld: (error) => deps.onHeld(conversation, error),
      },
      outbox,
    );
    const conversation: Conversation = new Conversation(
      log,
      sender,
      api,
      this.#files,
      this.#history,
      (kind, seq) => {
        const body = { conversation: id, kind, seq, device: undefined };
        deps.transmit({ kind: "activity", body });
      },
    );
    const receiver = new Receiver({
      ...deps,
      log,
      onRecorded: ({ seq, record, first }) => {
        this.#acknowledger.recorded(id, seq);
        if (first) deps.onConversation(conversation);
        const change = deviceChange(conversation, { seq, record }, account);
        if (change !== undefined) deps.onDevice(change);
        for (const item of itemsOf(seq, record, account))
          if (item.kind === "problem") deps.onProblem(conversation, item);
        this.#history.recorded(record);
        if (record.kind !== "message") sender.wake();
        else if (record.senderDevice === account.device)
          sender.recorded({ id: record.clientMessageId, seq, receivedAt: record.receivedAt });
      },
      onGap: (to) => void deps.transmit({ kind: "ackGap", body: { conversation: id, to } }),
      onLogProblem: (problem, recycle) => {
        if (problem !== undefined) deps.onProblem(conversation, problem);
        if (recycle) deps.recycle("the log is not as it must be");
      },
    });
    const openConversation = { conversation, log, receiver, sender };
    this.#openConversations.set(id, openConversation);
    return openConversation;
  }
}
