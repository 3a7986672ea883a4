import { isLaterHead } from "../../audit/verify/checkpoint.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import { isTrusted, openLogRestores, type SignedRestore } from "../../audit/verify/log-restore.ts";
import type { NoteKey } from "../../audit/verify/note.ts";
import { verifyConsistency } from "../../audit/verify/proofs.ts";
import { assertTimely, survivorAt, type Passage } from "../../audit/verify/survivor.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { AuthorityEntry } from "../../crypto/wire/authority-entry.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import type { KeyLogHead, Payload } from "../../crypto/wire/payload.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import { outdatePublished } from "../device/published-keys.ts";
import { SealdeskError } from "../errors.ts";
import { deviceChecks } from "./checks.ts";
import { consistencyOf } from "./consistency.ts";
import { approvedArrivals } from "./approved-arrivals.ts";
import { verifyAuthority } from "./authority-keys.ts";
import { keepEvidence } from "./evidence.ts";
import { HeardHeads } from "./heard-heads.ts";
import { verifyHistory, type KeyHistory, type ProvenEntries } from "./key-history.ts";
import {
  compactHead,
  loadKeptHead,
  logKeyOf,
  noteOf,
  openedBy,
  openHead,
  saveKeptHead,
  type SignedHead,
} from "./kept-head.ts";
import { keepRestore, loadKeptRestores, periodOf, type RestorePeriod } from "./kept-restores.ts";
import type { KeyLogDeps } from "./key-log-deps.ts";
import { loadUntold, restoredEvent, saveUntold } from "./log-restored.ts";
import { ToldHeads } from "./told-heads.ts";
import { addWaiting } from "./waiting-heads.ts";
import { noteDevices } from "./seen-lists.ts";
import { forgetLost, noteHistory, noteReviewed } from "./seen-history.ts";
import { behind, followed, notWitnessed } from "./witness-quorum.ts";

/**
 * The tenant's key log as a single log. Every head that this device sees must extend the stored
 * head, or be extended by it. A head that does not is refused, and stored as evidence if the log's
 * key signed it.
 */
export class KeyLog {
  readonly #deps: KeyLogDeps;
  #vkey: string | undefined;
  #key: NoteKey | undefined;
  #head: SignedHead | undefined;
  /** The time when this device saw that head first. */
  #headAtMs = 0;
  #periods: readonly RestorePeriod[] = [];
  /** Only one exchange runs at a time. Each begins with the head that the last one left. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #told = new ToldHeads();
  /** The reasons for which notes without the log's signature were reported. */
  readonly #reported = new Set<string>();
  readonly #heard: HeardHeads;

  private constructor(deps: KeyLogDeps) {
    this.#deps = deps;
    const compare = (head: KeyLogHead, from: UserId) =>
      this.#alone(() => this.#compare(head, from));
    this.#heard = new HeardHeads({ ...deps, compare });
  }

  /**
   * @param pinned the verifier key to trust; without it, the first key that the server shows
   * @throws LogError malformed: `pinned` is not a verifier key
   */
  static async load(deps: KeyLogDeps, pinned: string | undefined): Promise<KeyLog> {
    const log = new KeyLog(deps);
    const kept = await deps.store.read(loadKeptHead);
    log.#vkey = pinned ?? kept?.vkey;
    log.#key = log.#vkey === undefined ? undefined : logKeyOf(log.#vkey);
    if (log.#key !== undefined && kept?.vkey === log.#vkey && kept?.note)
      [log.#head, log.#headAtMs] = [openHead(kept.note, log.#key), kept.atMs];
    const restores = await deps.store.read(loadKeptRestores);
    log.#periods = restores.map(({ statement }) => periodOf(statement));
    return log;
  }

  /**
   * Returns what the log says about a user, proven under a head that is consistent with all heads
   * before it. The answer must extend every earlier answer about this user.
   * @throws SealdeskError key_log_inconsistent; transient ones; what the server answers
   */
  historyOf(user: UserId): Promise<KeyHistory> {
    return this.#alone(
      async () => (await followed(this.#deps.witnesses, () => this.#history(user))).history,
    );
  }

  /**
   * Like `historyOf`, but gives `review` the entries that were not reviewed before, and all of them.
   * @throws SealdeskError as `historyOf`
   */
  follow(
    user: UserId,
    review: (unseen: readonly KeyEntry[], history: KeyHistory) => Promise<void>,
  ): Promise<void> {
    return this.#alone(async () => {
      const { history, reviewed } = await followed(this.#deps.witnesses, () => this.#history(user));
      const { entries } = history;
      await review(entries.slice(reviewed), history);
      await this.#deps.store.transact((each) => noteReviewed(each, user, entries.length));
    });
  }

  /**
   * Returns what the log says of the authority's keys, proven as `historyOf` does it.
   * @throws SealdeskError as `historyOf`
   */
  authorityEntries(): Promise<readonly AuthorityEntry[]> {
    return this.#alone(() => followed(this.#deps.witnesses, () => this.#authority()));
  }

  /**
   * Tells the application of declared restores, each once. If the application does not listen yet,
   * call it again when it does.
   */
  tellRestored(): Promise<void> {
    return this.#alone(async () => {
      const { store, onRestored } = this.#deps;
      const untold = await store.read(loadUntold);
      const left = untold.filter((restored) => !onRestored(restored));
      if (left.length < untold.length)
        await store.transact(async (transaction) => saveUntold(transaction, left));
    });
  }

  /** Tells the application of heads that wait for too long, if it did not listen before. */
  tellUnconfirmed(): Promise<void> {
    return this.#heard.tell();
  }

  /** Returns the declared restores that this device accepted, the earliest first. */
  get periods(): readonly RestorePeriod[] {
    return this.#periods;
  }

  /** Returns how often the log was restored, according to the newest head that this device has. */
  get restores(): number {
    return this.#head?.restores ?? 0;
  }

  /** Returns the key that signs the log and the server's statements. @throws SealdeskError as `historyOf` */
  async key(): Promise<NoteKey> {
    if (this.#key === undefined) await this.refresh();
    if (this.#key === undefined)
      throw new SealdeskError("server_error", "The server shows no key log yet.");
    return this.#key;
  }

  /**
   * Asks for the newest head. If the server was restored from a backup, this device knows it then.
   * @throws SealdeskError as `historyOf`
   */
  refresh(): Promise<void> {
    return this.#alone(() => followed(this.#deps.witnesses, () => this.#refresh()));
  }

  /**
   * Returns the head to put into a message, or undefined if the members were told it in this epoch:
   * see `noteTold`.
   */
  headFor(conversation: ConversationId, epoch: number): KeyLogHead | undefined {
    if (this.#head === undefined || this.#key === undefined) return undefined;
    if (this.#told.has(conversation, epoch, this.#head)) return undefined;
    return compactHead(this.#head, this.#key);
  }

  /**
   * Notes that the conversation's log holds an own message with this payload. Only then were the
   * members told its head. A sealed message may be refused, dropped, or sealed again.
   */
  noteTold(payload: Payload): void {
    this.#told.add(payload);
  }

  /**
   * Stores the head that a member's message carried, in the message's transaction. Call
   * `compareHeard` once that is committed.
   * @returns false if the log's key did not sign the head; it proves nothing and is not kept
   */
  async hear(transaction: StoreTransaction, head: KeyLogHead, from: UserId): Promise<boolean> {
    const mine = this.#head;
    const isMine = mine?.size === head.size && (mine.restores ?? 0) === head.restores;
    if (isMine && equalBytes(mine.root, head.root)) return true;
    if (this.#key !== undefined && openedBy(noteOf(head, this.#key), this.#key) === undefined)
      return false;
    await addWaiting(transaction, head, from, this.#deps.localClock.now());
    return true;
  }

  /**
   * Compares the waiting heads that this process has not asked about. A head that the server does
   * not answer for waits.
   */
  compareHeard(): void {
    this.#heard.compareNew().catch(() => undefined);
  }

  /**
   * Asks again about all heads that wait, and tells the application of those that have waited for
   * over an hour.
   */
  retryHeard(): Promise<void> {
    return this.#heard.retry();
  }

  async #authority(): Promise<readonly AuthorityEntry[]> {
    const { api, store, tenant, witnesses } = this.#deps;
    const before = this.#head ?? { size: 0 };
    const answer = await api.authorityKeys(witnesses?.asked);
    return this.#checked(answer, before, async (head) => {
      const read = verifyAuthority(answer.entries, head, tenant);
      await store.transact((each) => noteHistory(each, "authority", read));
      return read.entries;
    });
  }

  async #history(
    user: UserId,
  ): Promise<{ readonly history: KeyHistory; readonly reviewed: number }> {
    const { api, store, tenant, witnesses, localClock } = this.#deps;
    const before = this.#head ?? { size: 0 };
    for (let proven: ProvenEntries | undefined; ;) {
      const answer = await api.keyHistory(user, proven?.entries.length ?? 0, witnesses?.asked);
      const known = proven;
      const found = await this.#checked(answer, before, async (head) => {
        const read = verifyHistory(answer.entries, head, { tenant, user }, known);
        // An empty page does not bring the end nearer.
        if (answer.more && answer.entries.length > 0) return { read };
        const arrivals = approvedArrivals(read.entries);
        const said = { entries: read.entries, arrivals, shown: answer.list ?? undefined };
        return store.transact(async (each) => {
          const reviewed = await noteHistory(each, user, read);
          const list = await noteDevices(each, user, said, localClock.now());
          return { history: { ...read, arrivals, list }, reviewed };
        });
      });
      if ("history" in found) return found;
      proven = found.read;
    }
  }

  /** Runs `work` on the head of an answer, which must not be older than the one before. */
  #checked<T>(
    answer: { readonly vkey: string; readonly checkpoint: string },
    before: Pick<SignedHead, "size" | "restores">,
    work: (head: SignedHead) => Promise<T>,
  ): Promise<T> {
    return this.#unlessInconsistent(answer.checkpoint, undefined, async () => {
      const head = await this.#meet(answer);
      if (isLaterHead(before, head)) throw behind(before.size, this.#deps.witnesses);
      return work(head);
    });
  }

  async #compare(claimed: KeyLogHead, from: UserId): Promise<void> {
    if (this.#key === undefined || isLaterHead(claimed, this.#head ?? { size: 0 }))
      await this.#refresh();
    const key = this.#key;
    if (key === undefined) return;
    const note = noteOf(claimed, key);
    // The head came before this device knew the log's key, which did not sign it. Only its sender
    // is at fault.
    if (openedBy(note, key) === undefined) return;
    await this.#unlessInconsistent(note, from, async () => {
      const head = openHead(note, key);
      const isLater = isLaterHead(head, this.#head ?? { size: 0 });
      if (isLater && this.#deps.witnesses === undefined)
        throw new LogError("rolled_back", "checkpoint", "a member was given a longer log.");
      await this.#assertFit(head);
      // It fits, and it waits until this device has a cosigned head that covers it.
      if (isLater) throw notWitnessed();
    });
  }

  async #refresh(): Promise<void> {
    const { api, witnesses } = this.#deps;
    const answer = await api.keyLogCheckpoint(witnesses?.asked);
    await this.#unlessInconsistent(answer.checkpoint, undefined, () => this.#meet(answer));
  }

  /** Checks a head against the stored one, and stores it if it is newer. */
  async #meet(answer: { readonly vkey: string; readonly checkpoint: string }): Promise<SignedHead> {
    const vkey = this.#vkey ?? answer.vkey;
    const key = this.#key ?? logKeyOf(vkey);
    const head = openHead(answer.checkpoint, key);
    const passed = await this.#assertFit(head);
    this.#deps.witnesses?.assertCosigned(head.note);
    const before = this.#head;
    if (before !== undefined && !isLaterHead(head, before)) return head;
    const { store, clock, approvers, onLost } = this.#deps;
    const nowMs = clock.now();
    await store.transact(async (transaction) => {
      for (const restore of passed) {
        await forgetLost(transaction, restore.continues.size);
        const kept = { atMs: nowMs, kept: before?.text ?? "", statement: restore.note };
        await keepRestore(transaction, kept);
      }
      if (passed.length > 0) {
        const untold = await loadUntold(transaction);
        outdatePublished(transaction);
        const seenSize = before?.size ?? 0;
        const events = passed.map((restore) => restoredEvent(restore, approvers, seenSize));
        saveUntold(transaction, [...untold, ...events]);
      }
      saveKeptHead(transaction, { vkey, note: head.text, atMs: nowMs });
    });
    this.#vkey = vkey;
    this.#key = key;
    this.#head = head;
    this.#headAtMs = nowMs;
    this.#periods = [...this.#periods, ...passed.map(({ note }) => periodOf(note))];
    if (passed.length > 0) onLost();
    return head;
  }

  /**
   * Checks that the later one of two heads extends the earlier one. If the log was restored from a
   * backup between them, checks that it extends the remaining part.
   * @returns the restores between the stored head and this one
   * @throws LogError forked, invalid_proof, rolled_back, missing, unsigned
   */
  async #assertFit(head: SignedHead): Promise<readonly SignedRestore[]> {
    const mine = this.#head;
    if (mine === undefined) return [];
    const [earlier, later] = isLaterHead(head, mine) ? [mine, head] : [head, mine];
    const { required, passed, lostIn } = await this.#passage(earlier, later);
    if (earlier === mine) assertTimely(lostIn, this.#headAtMs);
    for (const left of required) {
      const isPlain = left.size === later.size || left.size === 0;
      const proof = isPlain ? [] : await consistencyOf(this.#deps.api, left.size, later.size);
      verifyConsistency(deviceChecks.sha256, left, later, proof);
    }
    return earlier === mine ? passed : [];
  }

  /** Returns what the log must have of the earlier head, and the restores between the two. */
  async #passage(earlier: SignedHead, later: SignedHead): Promise<Passage<SignedRestore>> {
    const isMarked = (earlier.restores ?? 0) !== (later.restores ?? 0);
    // Without known approvers, no restore is accepted, and the log may only have grown.
    if (!isMarked || this.#deps.approvers.length === 0)
      return survivorAt({ ...earlier, restores: later.restores }, later, []);
    return survivorAt(earlier, later, await this.#restores());
  }

  /** Returns the declared restores of the log that its key and two known approvers signed. */
  async #restores(): Promise<readonly SignedRestore[]> {
    const key = this.#key;
    if (key === undefined) return [];
    const { api, approvers } = this.#deps;
    const restores = openLogRestores(deviceChecks, await api.keyLogRestores(), key);
    return restores.filter((restore) => isTrusted(restore, approvers));
  }

  async #unlessInconsistent<T>(
    shown: string,
    from: UserId | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof LogError)) throw cause;
      const { store, clock, onInconsistent } = this.#deps;
      const kept = this.#head?.text ?? "";
      const signed = this.#key === undefined ? undefined : openedBy(shown, this.#key);
      const found = {
        reason: cause.code,
        atMs: clock.now(),
        kept,
        shown: signed?.text ?? shown,
        from,
      };
      // A note that the log's key did not sign convicts nobody. It is reported and not kept.
      const isNew =
        signed === undefined ? !this.#reported.has(cause.code) : await keepEvidence(store, found);
      if (signed === undefined) this.#reported.add(cause.code);
      if (isNew) onInconsistent(found);
      throw new SealdeskError("key_log_inconsistent", "The key log contradicts itself.", {
        problem: cause.code,
        cause,
      });
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
