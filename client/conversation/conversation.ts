import type { ActivityKind, Member } from "../../crypto/wire/frame.ts";
import type { ConsentId, UserId, ConversationId, Given } from "../../crypto/wire/ids.ts";
import { purposes, type Purpose } from "../../crypto/wire/purposes.ts";
import { bool, given, oneOf } from "../arguments.ts";
import * as checks from "../call-checks.ts";
import { downloadAttachment, type DownloadDeps } from "../attachments/download.ts";
import type { OutgoingAttachment } from "../attachments/outgoing.ts";
import { safeFileName } from "../attachments/safe-name.ts";
import type { Uploader } from "../attachments/uploader.ts";
import type { FreshConsentCalls } from "../consents/fresh-consents.ts";
import { SealdeskError } from "../errors.ts";
import type { HistoryExchange } from "../history/exchange.ts";
import type { GrantedHistory, GrantRequest } from "../history/history-granter.ts";
import type { BreakGlass } from "../../crypto/wire/receipt.ts";
import { act } from "../receipts/act.ts";
import type { About } from "./about.ts";
import type { AcceptMembersDeps } from "./accept-members.ts";
import type { EvidencedEvent } from "./evidence.ts";
import type { ConversationItem, LoggedItem } from "./items.ts";
import type { ConversationLog } from "./log.ts";
import { removeMember, type RemoveMemberDeps } from "./remove-member.ts";
import type { Sender } from "./sender.ts";
import { loadOnDemand } from "../load-on-demand.ts";
import { unacceptedActs } from "./unaccepted-acts.ts";
import type { SentMessage } from "./waiting-messages.ts";

/** Sends and receives this device's files. */
export interface Files {
  readonly uploader: Uploader;
  readonly downloads: DownloadDeps;
}

interface ActingDeps extends RemoveMemberDeps, AcceptMembersDeps {
  readonly consents: Pick<FreshConsentCalls, "assertInForce">;
  /** The person wrote or typed something. */
  readonly onPersonActed: () => void;
}

/** A conversation that this device is, or was, in. */
export class Conversation {
  readonly id: ConversationId;
  readonly #log: ConversationLog;
  readonly #sender: Sender;
  readonly #deps: ActingDeps;
  readonly #sendActivity: (kind: ActivityKind, seq: number) => void;
  readonly #files: Files;
  readonly #history: HistoryExchange;

  constructor(
    log: ConversationLog,
    sender: Sender,
    deps: ActingDeps,
    files: Files,
    history: HistoryExchange,
    sendActivity: (kind: ActivityKind, seq: number) => void,
  ) {
    this.id = log.id;
    this.#log = log;
    this.#sender = sender;
    this.#deps = deps;
    this.#sendActivity = sendActivity;
    this.#files = files;
    this.#history = history;
  }

  /**
   * Returns the members after the last event that this device has seen, as it computed them. After a
   * gap they are those before it, until an event lists them.
   */
  get members(): readonly Member[] {
    return this.#log.state?.members ?? [];
  }

  /**
   * Returns the members whom the relay calls staff and whom the tenant's authority does not certify.
   * Nothing is sealed for them.
   */
  get uncertified(): readonly UserId[] {
    return this.#log.state?.uncertified ?? [];
  }

  /**
   * Returns the users who changed the members or the conversation under an account key that no person has accepted,
   * each with the last event of theirs. Nothing is sent while there are any. Let a person accept the key of each
   * (`Sealdesk.acceptAccountKey`). Who is still listed then has another key by now: show the members and the events,
   * and call `acceptMembers`.
   */
  get unaccepted(): readonly { readonly user: UserId; readonly seq: number }[] {
    return unacceptedActs(this.#deps, this.#log).map(({ user, seq }) => ({ user, seq }));
  }

  /** Returns how many messages of this device wait in its store for their place in the log. */
  get unsent(): number {
    return this.#sender.unsent;
  }

  /** Returns "left" when this device no longer belongs to a member. The device keeps its copy. */
  get state(): "open" | "closed" | "left" {
    const state = this.#log.state;
    if (state?.joined !== true) return "left";
    return state.closed ? "closed" : "open";
  }

  /** Returns the seq of the last event that this device has seen. Continue reading from it. */
  get seq(): number {
    return this.#log.cursor;
  }

  /**
   * Returns how many restores of the server took events away that this device has. Keep it together
   * with `seq`, and pass both to `messages`.
   */
  get restores(): number {
    return this.#log.state?.cuts.length ?? 0;
  }

  /**
   * Encrypts a text and sends it to all members. Resolves when the message is durable in the log
   * and has its place among the others. Until then it is in this device's store: a lost connection
   * or a crash only delays it, and nothing is sent twice. Messages are sent in the order of your
   * calls. They are stored in that order unless the relay limits their rate.
   * @throws SealdeskError message_too_large, not_a_member, membership_unverified, arrived_unseen,
   *   conversation_closed, stale_message_id, subject_erased, untrusted_member, send_refused: the
   *   message was not sent and will not be
   * @throws SealdeskError closed, displaced, signed_out and others that end the connection: the
   *   message will be sent with the next connection
   */
  async send(text: string): Promise<SentMessage> {
    checks.message(text, "text");
    this.#deps.onPersonActed();
    return this.#sender.send(text);
  }

  /**
   * Corrects an earlier message, of whoever said it. Every member sees the correction beside the original
   * (`corrects`), with its author. The original stays as it is.
   * @param seq the number of the message
   * @throws SealdeskError history_incomplete: this device has no such message; and as `send`
   */
  async correct(seq: number, text: string): Promise<SentMessage> {
    checks.message(text, "text");
    return this.#revise("correction", seq, text);
  }

  /**
   * Gives a text that this user sent a new wording. Every member sees the new text (`edits`), and the original with its
   * `revisions`. The organisation sets for how long after a message its author may edit or delete it.
   * @param seq the number of the message
   * @throws SealdeskError history_incomplete: this device has no such message; revision_refused: it is not a text of this
   *   user, it is deleted, the time is over, or the organisation does not allow it; and as `send`
   */
  async edit(seq: number, text: string): Promise<SentMessage> {
    checks.message(text, "text");
    return this.#revise("edit", seq, text);
  }

  /**
   * Takes a text or a file of this user back. Every member sees that it was deleted (`message_deleted`). The log and the
   * members' devices keep the original, so that records stay complete.
   * @param seq the number of the message
   * @throws SealdeskError as `edit`
   */
  async delete(seq: number): Promise<SentMessage> {
    return this.#revise("deletion", seq);
  }

  async #revise(as: About["as"], seq: number, text?: string): Promise<SentMessage> {
    checks.position(seq, "seq");
    this.#deps.onPersonActed();
    return this.#sender.revise(await this.#log.target(as, seq, this.#deps.clock.now()), text);
  }

  /**
   * Tells the connected members that this user is typing, or has stopped. Members drop the state
   * after ten seconds, so repeat the call every few seconds. It is not stored, and is lost without
   * a connection.
   */
  typing(isTyping = true): void {
    bool(isTyping, "isTyping");
    this.#deps.onPersonActed();
    this.#sendActivity(isTyping ? "typing" : "stopped", 0);
  }

  /**
   * Tells the connected members that this user has read up to event `seq`. Like `typing`, it is not
   * stored.
   */
  markRead(seq: number): void {
    checks.position(seq, "seq");
    this.#sendActivity("read", seq);
  }

  /**
   * Encrypts a file, uploads it, and sends a message that names it. Resolves when that message is
   * in the log. The file is first sealed into the store, as fast as `data` supplies it. From then
   * on a lost connection or a restart only delays it: the data is not needed again, and nothing is
   * uploaded twice. Messages that you send meanwhile come before it.
   * @throws SealdeskError attachment_unreadable: `data` failed, or its size is not the one
   *   announced
   * @throws SealdeskError attachment_too_large, quota_exceeded, forbidden and what `send` throws:
   *   the file was not sent and will not be
   * @throws SealdeskError closed and others that end the connection: a file that is sealed will be
   *   sent with the next connection
   */
  async sendAttachment(file: OutgoingAttachment): Promise<SentMessage> {
    checks.outgoingFile(file, "file");
    this.#deps.onPersonActed();
    return this.#files.uploader.send(this.id, this.#sender, file);
  }

  /**
   * Yields the items after event `after`, and then new ones as they arrive: messages, changes of
   * the members and problems. Items come in order of `seq`, each once. After a restore of the
   * server from a backup, the loop goes back to the last event that the server still had: it yields
   * `server_restored`, and then the items since. The loop ends when you break out of it, when
   * `signal` aborts, or when you call `Sealdesk.close`.
   * @param options.after the `seq` of the last event that you know; 0, the beginning, by default
   * @param options.restores the value of `restores` when you kept `after`; without it, a cut before
   *   `after` counts as known
   * @throws SealdeskError the error that ended the connection: displaced, device_revoked,
   *   signed_out and others
   */
  async *messages(
    options: {
      readonly after?: number;
      readonly restores?: number;
      readonly signal?: AbortSignal;
    } = {},
  ): AsyncGenerator<ConversationItem, void, undefined> {
    for await (const { items } of this.#read(options)) yield* items;
  }

  /**
   * Yields what `messages` yields, event by event, each with what proves it. Only the devices of a records archiver keep
   * the evidence.
   * @param options as for `messages`
   * @throws SealdeskError as `messages`
   */
  async *evidence(
    options: Parameters<Conversation["messages"]>[0] = {},
  ): AsyncGenerator<EvidencedEvent, void, undefined> {
    for await (const { seq, items, record } of this.#read(options)) {
      const kind = record?.kind ?? "gap";
      const isProved = record?.evidence !== undefined && kind !== "gap";
      const evidence = isProved ? { ...record, ...record.evidence, kind } : undefined;
      yield { seq, items, evidence };
    }
  }

  async *#read(options: NonNullable<Parameters<Conversation["messages"]>[0]>) {
    checks.reading(options, "options");
    const { after = 0, signal, restores } = options;
    for await (const event of this.#log.events(after, signal, restores)) {
      const items = event.items.map((item) =>
        item.kind === "attachment" ? downloadable(item, this.#files.downloads) : item,
      );
      yield { ...event, items };
    }
  }

  /**
   * Accepts the members and the state of this conversation as they are, although users in `unaccepted` changed them
   * under account keys that nobody can compare any more. From now on you write to all members. Call it after a person
   * was shown the members and these events. Each device of the account has to accept them.
   * @param seq the last event that the person was shown. Later changes are not accepted
   * @throws SealdeskError untrusted_member: the key of `user` can be compared. Call `Sealdesk.acceptAccountKey` first
   */
  async acceptMembers(seq: number): Promise<void> {
    checks.position(seq, "seq");
    const { acceptMembers } = await loadOnDemand();
    await acceptMembers(this.#deps, this.#log, seq);
  }

  /**
   * Adds a user from now on. They cannot read earlier messages. Resolves when this device has seen
   * the change, so your next message is for them too.
   * @param breakGlass the access in an emergency with which you add yourself, if the server granted one. Every member
   *   sees it
   * @throws SealdeskError forbidden, member_not_found, already_a_member, no_device,
   *   membership_unverified, conversation_not_found
   * @throws SealdeskError server_error with `problem` stale_record: other changes were always first;
   *   with `problem` staff_not_certified: the tenant's authority does not certify your role yet. Call it
   *   again in a minute
   */
  async addMember(user: Given<UserId>, breakGlass?: BreakGlass): Promise<void> {
    const added = given(user, "user");
    checks.breakGlass(breakGlass, "breakGlass");
    const { seq } = await act(this.#deps, this.#log, "member_added", added, breakGlass);
    // Staff who are no members see an event only if it is they who are added.
    if (this.#log.state?.joined === true || added === this.#log.self.user)
      await this.#log.reached(seq);
  }

  /**
   * Ends a membership, also your own. From now on this device seals nothing for the member, also over
   * restarts, until an event shows the removal and another one adds them again. Resolves when this
   * device has seen the event: from then on, nobody seals for them.
   * @throws SealdeskError forbidden, member_not_found, conversation_not_found: they are still a member
   * @throws SealdeskError server_error with `problem` staff_not_certified: see `addMember`
   * @throws SealdeskError removal_not_confirmed: the server says that it was done, and does not show it
   *   within a minute; network and others: it may have been done. Call it again
   */
  async removeMember(user: Given<UserId>): Promise<void> {
    await removeMember(this.#deps, this.#log, given(user, "user"));
  }

  /**
   * Shares earlier messages with a member: those from `fromSeq` to `toSeq`, as this device has
   * them. Only the devices that you name can open them, by default all devices of the member. Every
   * member sees the grant, its author and its reason. Customers may share their own conversation.
   * Staff may, if the organisation allows it and the customer has consented. Every user may share
   * with their own devices what their account has seen. Resolves when the grant is in the log; a
   * restart only delays it. The event `history` of `Sealdesk` reports the progress, here and on the
   * devices that receive it.
   * @throws SealdeskError forbidden, member_not_found, not_a_member, membership_unverified,
   *   history_incomplete, untrusted_member, message_too_large, quota_exceeded, attachment_too_large,
   *   conversation_not_found, request_refused: it was not granted and will not be
   * @throws SealdeskError closed and others that end the connection: it will be granted with the
   *   next connection
   */
  async grantHistory(request: GrantRequest): Promise<GrantedHistory> {
    return this.#history.grant(this.id, checks.grantRequest(request, "request"));
  }

  /**
   * Requires that the conversation's customer consents to a purpose now. The server's signed statement counts for less
   * than a minute by this device's clock, so without a connection the device soon does without the consent.
   * @returns the id of the consent
   * @throws SealdeskError consent_required, consent_unverified, consents_altered, not_a_member, network
   */
  async requireConsent(purpose: Purpose): Promise<ConsentId> {
    oneOf(...purposes)(purpose, "purpose");
    const customer = this.members.find(({ role }) => role === "customer")?.user;
    if (customer === undefined)
      throw new SealdeskError("not_a_member", "No customer is a member of this conversation.");
    return this.#deps.consents.assertInForce({ conversation: this.id, customer, purpose });
  }

  /**
   * Closes the conversation. No more messages can be sent in it.
   * @throws SealdeskError forbidden, conversation_closed
   */
  async close(): Promise<void> {
    const { seq } = await act(this.#deps, this.#log, "closed", this.#log.self.user);
    await this.#log.reached(seq);
  }
}

function downloadable(
  item: Extract<LoggedItem, { readonly kind: "attachment" }>,
  downloads: DownloadDeps,
): ConversationItem {
  const { attachment } = item;
  const { name, mediaType: type, size } = attachment;
  const download = () => downloadAttachment(downloads, attachment);
  return { ...item, attachment: { name, safeName: safeFileName(name), type, size, download } };
}
