import { FairShares } from "../../policies/fair-shares.ts";
import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";
import { MessagingError } from "../messaging-error.ts";
import { attemptChange, type ChangeWork } from "./attempt-change.ts";
import { KeyWaitQueue } from "./key-wait-queue.ts";
import { CommitPacing } from "./commit-pacing.ts";
import { ConversationQueue } from "./conversation-queue.ts";
import { HeadCache } from "./head-cache.ts";
import type { LogOptions } from "./log-options.ts";
import { MessageQuota } from "../storage/message-quota.ts";
import { BatchCommitter } from "./batch-committer.ts";
import type { PendingPost } from "./pending-post.ts";
import type { PostOutcome, PostRequest } from "./plan-messages.ts";

/**
 * Writes the logs of all conversations on one node.
 *
 * Messages are committed in groups: those that arrive while the last commits are in flight form the
 * next batch. Membership changes run alone in their conversation, in a transaction that the caller
 * makes. Both number events from a cached head. If another node has appended meanwhile, the unique
 * key rejects the insert. The log then reads the head again and repeats the work.
 */
export class ConversationLog {
  readonly #options: LogOptions;
  readonly #heads: HeadCache;
  readonly #queue = new ConversationQueue<PendingPost>();
  readonly #awaited: KeyWaitQueue;
  readonly #committers: BatchCommitter[];
  /** Messages that are not answered yet, by tenant and device. */
  readonly #unanswered: FairShares;
  #closed = false;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#heads = new HeadCache(options.cachedHeads ?? 50_000);
    const node = options.maxWaiting ?? 20_000;
    this.#unanswered = new FairShares({ node, tenant: node / 2, account: node / 8 });
    // Messages that wait for keys get only a part of the tenant's share, so that a conversation
    // without keys leaves room for the others of its tenant.
    this.#awaited = new KeyWaitQueue(node / 4, () => this.#wake());
    const quota = new MessageQuota();
    const pacing = new CommitPacing(
      () => performance.now(),
      () => this.#wake(),
    );
    this.#committers = Array.from(
      { length: options.committers ?? 2 },
      () =>
        new BatchCommitter(
          options,
          this.#heads,
          this.#queue,
          this.#awaited,
          quota,
          pacing,
          options.maxBatch ?? 256,
        ),
    );
  }

  /** Returns how many messages are in no batch yet, or wait for their keys. */
  get waiting(): number {
    return this.#queue.size + this.#awaited.size;
  }

  /**
   * Stores one message or says why not. It resolves only when the answer is final: accepted means
   * durable.
   * @throws MessagingError unavailable, conversation_not_found
   */
  post(request: PostRequest): Promise<PostOutcome> {
    const { tenant, senderDevice, send } = request;
    const sender = { tenant, account: senderDevice };
    if (this.#closed || this.#unanswered.take(sender) !== undefined) {
      this.#options.observer?.refused("unavailable");
      return Promise.reject(new MessagingError("unavailable", "The relay is busy. Send again."));
    }
    return new Promise<PostOutcome>((resolve, reject) => {
      this.#queue.push(tenant, send.conversation, { request, resolve, reject, attempts: 0 });
      this.#wake();
    }).finally(() => this.#unanswered.release(sender));
  }

  /**
   * Runs `work` in one transaction, alone in its conversation, with the current head (undefined if
   * there is no such conversation). `work` stores the events that it returns itself. If another
   * node appended first, it runs again on a new head.
   * @throws MessagingError contended, and whatever `work` throws
   */
  async change<T>(tenant: TenantId, conversation: ConversationId, work: ChangeWork<T>): Promise<T> {
    await this.#queue.exclusive(tenant, conversation);
    try {
      const { events, answer } = await attemptChange(this.#options, tenant, conversation, work);
      this.#options.onCommitted(events);
      return answer;
    } finally {
      this.#heads.drop(conversation);
      this.#queue.release({ tenant, conversation });
      this.#wake();
    }
  }

  /** Tells the log that another node has appended up to `seq`. Older cached state is dropped. */
  invalidate(conversation: ConversationId, seq: number): void {
    this.#heads.dropBehind(conversation, seq);
  }

  /** Tells the log that roles of accounts have changed. Every head is read again when it is needed. */
  rolesChanged(): void {
    this.#heads.clear();
  }

  /** Accepts no more messages. It resolves when all accepted messages are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#committers.map((committer) => committer.close()));
  }

  #wake(): void {
    for (const committer of this.#committers) if (this.#queue.size > 0) committer.wake();
  }
}
