import type { ActivityKind, Member } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { bool, uuid } from "../arguments.ts";
import * as checks from "../call-checks.ts";
import type { Api } from "../http/api.ts";
import { downloadAttachment, type DownloadDeps } from "../attachments/download.ts";
import type { OutgoingAttachment } from "../attachments/outgoing.ts";
import { safeFileName } from "../attachments/safe-name.ts";
import type { Uploader } from "../attachments/uploader.ts";
import type { HistoryExchange } from "../history/exchange.ts";
import type { GrantedHistory, GrantRequest } from "../history/history-granter.ts";
import type { ConversationItem, LoggedItem } from "./items.ts";
import type { ConversationLog } from "./log.ts";
import type { Sender, SentMessage } from "./sender.ts";

type MembersApi = Pick<Api, "addMember" | "removeMember" | "closeConversation">;

/** What carries this device's files. */
export interface Files {
  readonly uploader: Uploader;
  readonly downloads: DownloadDeps;
}

/** One conversation, as this device takes part in it. */
export class Conversation {
  readonly id: Uuid;
  readonly #log: ConversationLog;
  readonly #sender: Sender;
  readonly #api: MembersApi;
  readonly #whisper: (kind: ActivityKind, seq: number) => void;
  readonly #files: Files;
  readonly #history: HistoryExchange;

  constructor(
    log: ConversationLog,
    sender: Sender,
    api: MembersApi,
    files: Files,
    history: HistoryExchange,
    whisper: (kind: ActivityKind, seq: number) => void,
  ) {
    this.id = log.id;
    this.#log = log;
    this.#sender = sender;
    this.#api = api;
    this.#whisper = whisper;
    this.#files = files;
    this.#history = history;
  }

  /** The members as of the last event this device has seen. */
  get members(): readonly Member[] {
    return this.#log.state?.members ?? [];
  }

  /** "left" when this device is no longer a member's; it keeps what it has. */
  get state(): "open" | "closed" | "left" {
    const state = this.#log.state;
    if (state?.joined !== true) return "left";
    return state.closed ? "closed" : "open";
  }

  /** The seq of the last event this device has seen: where to go on reading from. */
  get seq(): number {
    return this.#log.cursor;
  }

  /**
   * Encrypts and sends a text to all members. Resolves when it is in the log: durable, and with a
   * place among the others' messages. Before that it is in the store: a lost connection or a crash
   * only delays it, and nothing is sent twice. Messages go out in the order of the calls, and are
   * stored in it unless the relay limits their rate.
   * @throws SealdeskError message_too_large, not_a_member, conversation_closed, stale_message_id,
   *   subject_erased, untrusted_member, send_refused: it was not sent and will not be. closed,
   *   displaced, signed_out and others that end the connection: it will be, with the next one
   */
  async send(text: string): Promise<SentMessage> {
    checks.message(text, "text");
    return this.#sender.send(text);
  }

  /**
   * Tells the members who are connected that this user is typing, or has stopped. They take it for
   * over after ten seconds, so an app repeats it every few. Not stored, and lost without a connection.
   */
  typing(isTyping = true): void {
    bool(isTyping, "isTyping");
    this.#whisper(isTyping ? "typing" : "stopped", 0);
  }

  /** Tells the members who are connected that this user has read up to the event `seq`; as `typing`. */
  markRead(seq: number): void {
    checks.position(seq, "seq");
    this.#whisper("read", seq);
  }

  /**
   * Encrypts a file, uploads it, and sends a message that names it. Resolves when that message is
   * in the log. The file is sealed into the store first, as fast as `data` gives it; from then on a
   * lost connection or a restart only delays it, without asking for the data again, and what was
   * uploaded is not uploaded twice. What is said meanwhile comes before it.
   * @throws SealdeskError attachment_unreadable: `data` failed, or has another size than announced;
   *   attachment_too_large, quota_exceeded, forbidden and what `send` throws: it was not sent and
   *   will not be. closed and others that end the connection: once sealed, it will be
   */
  async sendAttachment(file: OutgoingAttachment): Promise<SentMessage> {
    checks.outgoingFile(file, "file");
    return this.#files.uploader.send(this.id, this.#sender, file);
  }

  /**
   * What happened, from the event after `after` on and then as it happens: messages, changes of
   * the members, and problems, in order of `seq`, each once. Breaking out of the loop stops it, as
   * does `signal`; `Sealdesk.close` ends it.
   * @param options.after the `seq` of the last event already known; 0, the beginning, by default
   * @throws SealdeskError that ended the connection: displaced, device_revoked, signed_out and others
   */
  async *messages(
    options: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ConversationItem, void, undefined> {
    checks.reading(options, "options");
    for await (const item of this.#log.items(options.after ?? 0, options.signal))
      yield item.kind === "attachment" ? downloadable(item, this.#files.downloads) : item;
  }

  /**
   * Makes a user a member from now on: they cannot read what was said before. Resolves when this
   * device has seen it, so that what it sends next is for them too.
   * @throws SealdeskError forbidden, member_not_found, already_a_member, no_device,
   *   conversation_not_found
   */
  async addMember(user: Uuid): Promise<void> {
    uuid(user, "user");
    const { seq } = await this.#api.addMember(this.id, user);
    await this.#log.reached(seq);
  }

  /**
   * Ends a membership, also one's own. What is sent from now on, they cannot read.
   * @throws SealdeskError forbidden, member_not_found, conversation_not_found
   */
  async removeMember(user: Uuid): Promise<void> {
    uuid(user, "user");
    const { seq } = await this.#api.removeMember(this.id, user);
    await this.#log.reached(seq);
  }

  /**
   * Shows a member a part of the past: what was said from `fromSeq` to `toSeq`, as this device has it.
   * Only the devices named can open it; every member sees that it was granted, by whom and why. A
   * customer may show their own conversation, staff when the organisation lets them and the customer
   * has consented, and everybody to their own devices what their account has seen. Resolves when the
   * grant is in the log; a restart in between only delays it. `Sealdesk`'s event `history` tells how
   * far it has come, here and on the devices it is for.
   * @throws SealdeskError forbidden, member_not_found, not_a_member, history_incomplete,
   *   untrusted_member, message_too_large, quota_exceeded, attachment_too_large,
   *   conversation_not_found, request_refused: it was not granted and will not be. closed and others
   *   that end the connection: it will be, with the next one
   */
  async grantHistory(request: GrantRequest): Promise<GrantedHistory> {
    checks.grantRequest(request, "request");
    return this.#history.grant(this.id, request);
  }

  /**
   * Gives or withdraws the customer's consent that staff show this conversation's past to
   * colleagues; signed, and seen by every member. A grant by staff names the consent's id. What was
   * shown before a withdrawal stays shown.
   * @throws SealdeskError forbidden, conversation_not_found
   */
  async consentToHistorySharing(state: "given" | "withdrawn"): Promise<GrantedHistory> {
    checks.consentState(state, "state");
    return this.#history.consent(this.id, state);
  }

  /** Closes the conversation to further messages. @throws SealdeskError forbidden, conversation_closed */
  async close(): Promise<void> {
    const { seq } = await this.#api.closeConversation(this.id);
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
