import { runForTenant } from "../../db/fairness/requester.ts";
import { POLICY_CHANGED, sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";
import { Policies } from "../../identity/policy/policies.ts";
import { defaultPolicy, type Policy } from "../../policies/policy.ts";
import { MessagingError } from "../messaging-error.ts";
import { inOrder, insertParts, planPart, type Part } from "./batch-part.ts";
import type { CommitPacing } from "./commit-pacing.ts";
import type { ConversationQueue, Taken } from "./conversation-queue.ts";
import { FencedConnection } from "./fenced-connection.ts";
import { findAccepted } from "./find-accepted.ts";
import { findStaleHeads } from "./find-stale-heads.ts";
import type { HeadCache } from "./head-cache.ts";
import type { KeyWaitQueue } from "./key-wait-queue.ts";
import { fetchKeys, heldKeys, isLasting, isPassing, type DeviceKeys } from "./device-keys.ts";
import { loadHeads } from "./load-head.ts";
import type { LogOptions } from "./log-options.ts";
import { countPlan, loadQuota, type Work } from "./batch-quota.ts";
import { doubtful, type PendingPost } from "./pending-post.ts";
import type { MessageQuota } from "../storage/message-quota.ts";

const MAX_ATTEMPTS = 20;
const RETRY_DELAY_MS = 250;
const MAX_CONFLICTS = 100;
/** The number of tenants whose policy is remembered. That of another one is read first. */
const KNOWN_POLICIES = 10_000;

/** The parts of a batch, and the policy by which they were planned. */
interface Planned {
  readonly parts: readonly Part[];
  readonly policy: Policy;
}

/**
 * Commits batches one after another on a connection of its own. While a batch is in flight, its
 * conversations are busy. So two committers never number the same conversation at the same time.
 */
export class BatchCommitter {
  readonly #options: LogOptions;
  readonly #heads: HeadCache;
  readonly #queue: ConversationQueue<PendingPost>;
  readonly #awaited: KeyWaitQueue;
  readonly #quota: MessageQuota;
  readonly #pacing: CommitPacing;
  readonly #maxBatch: number;
  readonly #connection: FencedConnection;
  readonly #policies = new Policies();
  /** The policy of each tenant that was in force when it was last read. The insert checks that it still is. */
  readonly #believed = new Map<TenantId, Policy>();
  /** Work taken from the queue that is not answered, not put back and not waiting for keys. */
  readonly #inHand = new Set<Taken<PendingPost>>();
  #running: Promise<void> | undefined;

  constructor(
    options: LogOptions,
    heads: HeadCache,
    queue: ConversationQueue<PendingPost>,
    awaited: KeyWaitQueue,
    quota: MessageQuota,
    pacing: CommitPacing,
    maxBatch: number,
  ) {
    this.#options = options;
    this.#heads = heads;
    this.#queue = queue;
    this.#awaited = awaited;
    this.#quota = quota;
    this.#pacing = pacing;
    this.#maxBatch = maxBatch;
    this.#connection = new FencedConnection(options.pool);
  }

  /** Takes batches until the queue has none for this committer. */
  wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async close(): Promise<void> {
    while (this.#queue.size + this.#awaited.size > 0 || this.#running !== undefined) {
      this.wake();
      await this.#running;
      if (this.#queue.size === 0 && this.#awaited.size > 0) await this.#awaited.next();
    }
    this.#connection.drop();
  }

  async #run(): Promise<void> {
    // Messages that arrive in the same turn of the event loop belong to the same batch.
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const batch = this.#queue.take(this.#maxBatch, (tenant) => this.#pacing.mayBegin(tenant));
      const [first] = batch;
      if (first === undefined) {
        if (this.#queue.hasReady) this.#pacing.callWhenDue();
        return;
      }
      for (const taken of batch) this.#inHand.add(taken);
      const end = this.#pacing.begin(first.tenant);
      try {
        await this.#connection.connect(first.tenant);
        await runForTenant(first.tenant, () => this.#observed(batch));
      } catch (cause) {
        this.#retryLater(cause);
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      } finally {
        end();
      }
    }
  }

  #observed(batch: readonly Taken<PendingPost>[]): Promise<void> {
    const { observer } = this.#options;
    if (observer === undefined) return this.#commit(batch);
    const messages = batch.reduce((sum, { items }) => sum + items.length, 0);
    return observer.batch(messages, () => this.#commit(batch));
  }

  /** Commits the parts that it can. Plans conversations again to which another node appended. */
  async #commit(batch: readonly Taken<PendingPost>[]): Promise<void> {
    const { generation } = this.#heads;
    let { parts, policy } = await this.#plan(batch);
    for (let conflicts = 0; ; conflicts++) {
      try {
        await insertParts(this.#connection, parts, policy.version);
        break;
      } catch (error) {
        const state = sqlState(error);
        const isConflict = state === UNIQUE_VIOLATION || state === POLICY_CHANGED;
        if (!isConflict || conflicts === MAX_CONFLICTS) throw error;
        ({ parts, policy } = await this.#planAgain(parts, policy, state));
      }
    }
    for (const { taken, plan, reread } of parts) {
      if (generation === this.#heads.generation) this.#heads.set(plan.next);
      else this.#heads.drop(taken.conversation);
      countPlan(this.#quota, taken.tenant, plan);
      this.#options.onCommitted(plan.events);
      if (reread) this.#options.onHead(taken.conversation, plan.next.seq);
      for (const [index, item] of taken.items.entries()) {
        const outcome = plan.outcomes[index];
        if (outcome === undefined) continue;
        if (!outcome.accepted) this.#options.observer?.refused(outcome.refusal.code);
        item.resolve(outcome);
      }
      this.#release(taken);
    }
  }

  /**
   * Plans again after a unique violation: the conversations that another node appended to, or
   * everything if no node did. In the second case a message was already in the log. Row-level
   * security keeps the database from naming the key, so one statement looks at the whole batch. If
   * another version of the policy is in force, it plans everything by that one.
   */
  async #planAgain(parts: readonly Part[], policy: Policy, state: string): Promise<Planned> {
    if (state === POLICY_CHANGED) return this.#planOnLog(parts.map(({ taken }) => taken));
    const behind = await findStaleHeads(
      this.#connection.client,
      parts.map(({ taken, plan }) => [taken.conversation, plan.next.seq - plan.events.length]),
    );
    this.#options.observer?.conflicted(behind.size);
    const suspect = ({ taken }: Part) => behind.size === 0 || behind.has(taken.conversation);
    const again = await this.#planOnLog(parts.filter(suspect).map(({ taken }) => taken));
    // The insert refuses parts that were planned by an earlier version.
    return { parts: inOrder([...parts.filter((part) => !suspect(part)), ...again.parts]), policy };
  }

  /** Plans on cached heads where they are current, and otherwise on the log. */
  async #plan(batch: readonly Taken<PendingPost>[]): Promise<Planned> {
    const [first] = batch;
    const policy = first && this.#believed.get(first.tenant);
    if (policy === undefined) return this.#planOnLog(batch);
    const parts: Part[] = [];
    const rest: Taken<PendingPost>[] = [];
    const nowMs = this.#options.now();
    const onCached = batch.map((taken) => {
      const cached = this.#heads.get(taken.tenant, taken.conversation);
      const doubt =
        cached === undefined || taken.items.some((item) => doubtful(item, cached, nowMs));
      return { taken, head: doubt ? undefined : cached };
    });
    await loadQuota(this.#quota, this.#connection.client, onCached, nowMs, false);
    const { keys, ready } = await this.#sealable(onCached, nowMs);
    for (const { taken, head } of ready) {
      const quick =
        head &&
        planPart(
          taken,
          { head, keys, earlier: [], reread: false },
          this.#rules(taken, policy, nowMs),
        );
      // A refusal must not depend on a copy that may be behind, and must not hide that the message
      // is a repeat.
      if (quick?.plan.outcomes.every((outcome) => outcome.accepted) === true) parts.push(quick);
      else rest.push(taken);
    }
    if (rest.length === 0) return { parts: inOrder(parts), policy };
    const onLog = await this.#planOnLog(rest);
    return { parts: inOrder([...parts, ...onLog.parts]), policy };
  }

  /**
   * Plans conversations whose cached head is behind, or whose messages may already be in the log, by the
   * policy that is in force.
   */
  async #planOnLog(batch: readonly Taken<PendingPost>[]): Promise<Planned> {
    const [first] = batch;
    if (first === undefined) return { parts: [], policy: defaultPolicy };
    const client = this.#connection.client;
    const nowMs = this.#options.now();
    const policy = await this.#policies.inForce(client, first.tenant);
    this.#believe(first.tenant, policy);
    const requests = batch.flatMap(({ items }) => items.map((item) => item.request));
    const heads = await loadHeads(
      client,
      batch.map(({ conversation }) => conversation),
      nowMs,
      requests.map(({ send }) => send.keyId),
    );
    const earlier = await findAccepted(client, requests, nowMs);
    const onLog = batch.map((taken) => ({ taken, head: heads.get(taken.conversation) }));
    await loadQuota(this.#quota, client, onLog, nowMs, true);
    const { keys, ready } = await this.#sealable(onLog, nowMs);
    const parts = ready.flatMap(({ taken, head }) => {
      if (head !== undefined) {
        const state = { head, keys, earlier, reread: true };
        return [planPart(taken, state, this.#rules(taken, policy, nowMs))];
      }
      const error = new MessagingError("conversation_not_found", "There is no such conversation.");
      for (const item of taken.items) this.#reject(item, error);
      this.#release(taken);
      return [];
    });
    return { parts, policy };
  }

  /**
   * Returns the keys of the senders, by conversation, including keys made now. Conversations whose
   * keys do not come soon are not `ready` and leave this committer.
   */
  async #sealable(
    work: readonly Work[],
    nowMs: number,
  ): Promise<{
    readonly keys: ReadonlyMap<ConversationId, DeviceKeys>;
    readonly ready: readonly Work[];
  }> {
    const { scopeKeys } = this.#options;
    const senders = work.flatMap(({ taken, head }) =>
      head === undefined
        ? []
        : [{ head, devices: taken.items.map(({ request }) => request.senderDevice) }],
    );
    const { keys, missing } = heldKeys(scopeKeys, senders, nowMs);
    const [first] = missing;
    if (first === undefined) return { keys, ready: work };
    const fetching = fetchKeys(scopeKeys, missing);
    const fetched = await this.#awaited.briefly(first.tenant, fetching);
    for (const { scope, device, key } of fetched?.found ?? [])
      keys.get(scope.conversation)?.set(device, key);
    const without = new Set(
      fetched?.failed.keys() ?? missing.map(({ scope }) => scope.conversation),
    );
    const isReady = ({ taken }: Work) => !without.has(taken.conversation);
    const aside = work.filter((each) => !isReady(each)).map(({ taken }) => taken);
    if (aside.length > 0) {
      for (const taken of aside) this.#inHand.delete(taken);
      const messages = aside.reduce((sum, { items }) => sum + items.length, 0);
      const hasRoom = this.#awaited.hasRoom(first.tenant, messages);
      this.#awaited.keep(first.tenant, messages, async () => {
        const { failed } = await fetching;
        const retried = aside.some(({ conversation }) => isPassing(failed.get(conversation)));
        if (retried && hasRoom) await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
        for (const taken of aside) {
          const error = failed.get(taken.conversation);
          if (error === undefined) this.#queue.release(taken, taken.items);
          else this.#withoutKeys(taken, error, hasRoom);
        }
      });
    }
    return { keys, ready: work.filter(isReady) };
  }

  /**
   * Handles keys that are unavailable for a conversation. Its messages are tried again if that may
   * help.
   */
  #withoutKeys(taken: Taken<PendingPost>, cause: unknown, hasRoom: boolean): void {
    if (hasRoom && !isLasting(cause)) {
      this.#queue.release(taken, this.#countAttempt(taken, cause));
      return;
    }
    for (const item of taken.items) this.#reject(item, notStored(cause));
    this.#queue.release(taken);
  }

  #rules({ tenant }: Taken<PendingPost>, policy: Policy, nowMs: number) {
    const { frankingKey } = this.#options;
    return { policy, frankingKey, nowMs, quota: this.#quota.draft(tenant, nowMs) };
  }

  #believe(tenant: TenantId, policy: Policy): void {
    this.#believed.delete(tenant);
    this.#believed.set(tenant, policy);
    const [oldest] = this.#believed.keys();
    if (this.#believed.size > KNOWN_POLICIES && oldest !== undefined) this.#believed.delete(oldest);
  }

  #reject(item: PendingPost, error: MessagingError): void {
    this.#options.observer?.refused(error.code);
    item.reject(error);
  }

  /**
   * Puts the messages of the batch back in front after the database did not answer. The batch may
   * or may not be stored. The messages are marked, so that the log is searched for them before they
   * are stored again.
   */
  #retryLater(cause: unknown): void {
    this.#connection.drop();
    for (const taken of this.#inHand) {
      this.#heads.drop(taken.conversation);
      this.#release(taken, this.#countAttempt(taken, cause));
    }
  }

  /** Returns the messages that may be tried again. The others are refused. */
  #countAttempt({ items }: Taken<PendingPost>, cause: unknown): PendingPost[] {
    const again: PendingPost[] = [];
    for (const item of items) {
      item.attempts++;
      if (item.attempts < MAX_ATTEMPTS) again.push(item);
      else this.#reject(item, notStored(cause));
    }
    this.#options.observer?.retried(again.length);
    return again;
  }

  #release(taken: Taken<PendingPost>, again: readonly PendingPost[] = []): void {
    if (this.#inHand.delete(taken)) this.#queue.release(taken, again);
  }
}

const notStored = (cause: unknown): MessagingError =>
  new MessagingError("unavailable", "The message was not stored. Send it again.", { cause });
