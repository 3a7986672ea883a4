import type { ConversationId, GrantId, UserId } from "../../crypto/wire/ids.ts";
import type { EventKind } from "../../crypto/wire/frame.ts";
import { isMembershipKind } from "../../crypto/wire/receipt-checks.ts";
import type { CertifiedFields } from "../../crypto/device/certified-fields.ts";
import { type GrantedMessage, readPack } from "../../crypto/device/history-pack.ts";
import { attachmentFromFields } from "../../crypto/device/payload-body.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { downloadAttachment, type DownloadDeps } from "../attachments/download.ts";
import { Retry } from "../attachments/retry.ts";
import {
  addProblem,
  hashAt,
  itemsOf,
  readHistory,
  saveRecord,
  type HistoryRecord,
  type Problem,
} from "../conversation/history.ts";
import type { EventProblemCode, ProblemItem } from "../conversation/items.ts";
import { isSameLog } from "../conversation/judge-message.ts";
import { hearUnopened, unopenedBy } from "../conversation/unopened.ts";
import type { Account } from "../device/account.ts";
import type { Trust } from "../device/trust.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { authorOf, takeAuthor } from "./authors.ts";
import { assertIncoming, followLinks, UnverifiableError } from "./follow-links.ts";
import { grantedRecord } from "./granted-record.ts";
import {
  clearLinks,
  deleteIncoming,
  deleteLink,
  getIncoming,
  getLink,
  putIncoming,
  type IncomingJob,
  type StoredLink,
} from "./incoming-job.ts";
import type { HistoryProgress } from "./progress.ts";

export interface HistoryImporterDeps extends DownloadDeps {
  readonly store: DeviceStore;
  readonly api: Pick<Api, "readLinks">;
  readonly account: Account;
  readonly trust: Trust;
  readonly onProgress: (conversation: ConversationId, progress: HistoryProgress) => void;
  readonly onProblem: (conversation: ConversationId, problem: ProblemItem) => void;
}

/** The limits of one transaction's import. The limit that is reached first ends the batch. */
const batchMessages = 256;
const batchBytes = 1024 * 1024;

/**
 * Imports granted history: first the log's links of the range, then the packs, message by message.
 */
export class HistoryImporter {
  readonly #deps: HistoryImporterDeps;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: HistoryImporterDeps) {
    this.#deps = deps;
  }

  /**
   * Imports a grant that is in the store, after those before it.
   * @throws what the store throws
   */
  take(grant: GrantId): Promise<void> {
    const run = this.#tail.then(() => this.#take(grant));
    this.#tail = run.catch(() => undefined);
    return run;
  }

  async #take(grant: GrantId): Promise<void> {
    const { store, clock, signal } = this.#deps;
    if (signal.aborted) return;
    const job = await store.read((transaction) => getIncoming(transaction, grant));
    if (job === undefined) return;
    try {
      this.#report(job);
      const linked = await followLinks(this.#deps, job, new Retry(clock, signal));
      await this.#readPacks(linked);
    } catch (error) {
      // A lost connection ends nothing. The next connection continues.
      if (signal.aborted) return;
      const problem = problemOf(error, job);
      if (problem === undefined) throw error;
      await this.#giveUp(job, problem);
    }
  }

  async #readPacks(linked: IncomingJob): Promise<void> {
    let job = linked;
    for (const fields of job.packs.slice(job.packsRead)) {
      const pieces = downloadAttachment(this.#deps, attachmentFromFields(fields));
      let batch: GrantedMessage[] = [];
      let size = 0;
      let author: CertifiedFields | undefined;
      for await (const entry of readPack(job.grant, pieces)) {
        if (entry.kind === "author") {
          author = entry.author;
          continue;
        }
        const { message } = entry;
        if (author !== undefined) await this.#takeAuthor(job, author, message.seq);
        author = undefined;
        batch.push(message);
        size += message.payload.length;
        if (batch.length < batchMessages && size < batchBytes) continue;
        job = await this.#record(job, batch);
        batch = [];
        size = 0;
      }
      job = await this.#record({ ...job, packsRead: job.packsRead + 1 }, batch);
    }
    while (job.next <= job.toSeq) job = await this.#record(job, [], job.toSeq);
    await this.#clear(job);
    this.#report(job);
  }

  /** Looks at an author only if the log says that this device sent the message that follows. */
  async #takeAuthor({ grant }: IncomingJob, author: CertifiedFields, seq: number): Promise<void> {
    const { store, clock, signal } = this.#deps;
    const link = await store.read((transaction) => getLink(transaction, grant, seq));
    if (link?.senderDevice === author.device)
      await takeAuthor(this.#deps, author, new Retry(clock, signal));
  }

  /**
   * Stores the events up to the batch's last message in order, together with the position after
   * them. A message that is out of order or repeated is skipped, and counts as missing in its
   * place.
   * @param upTo the last event to store, for which the batch may have no message
   */
  async #record(
    job: IncomingJob,
    batch: readonly GrantedMessage[],
    upTo: number = batch.at(-1)?.seq ?? 0,
  ): Promise<IncomingJob> {
    const { store, onProblem } = this.#deps;
    const entries = new Map<number, GrantedMessage>();
    let highest = job.next - 1;
    for (const entry of batch) {
      if (entry.seq <= highest || entry.seq > job.toSeq) continue;
      entries.set(entry.seq, entry);
      highest = entry.seq;
    }
    const last = Math.min(Math.max(highest, upTo), job.toSeq, job.next + batchMessages - 1);
    const { after, problems } = await store.transact(async (transaction) => {
      await assertIncoming(transaction, job);
      const found: ProblemItem[] = [];
      let { changedAt } = job;
      for (let seq = job.next; seq <= last; seq++) {
        const link = await getLink(transaction, job.grant, seq);
        deleteLink(transaction, job.grant, seq);
        if (link === undefined) continue;
        const place = { ...job, changedAt };
        found.push(...(await this.#recordOne(transaction, place, seq, link, entries.get(seq))));
        if (changesMembers(link.kind)) changedAt = seq;
      }
      const moved = { ...job, changedAt, next: Math.max(job.next, last + 1) };
      putIncoming(transaction, moved);
      return { after: moved, problems: found };
    });
    for (const problem of problems) onProblem(job.conversation, problem);
    this.#report(after);
    if (after.next > highest || after.next > job.toSeq) return after;
    return this.#record(after, batch, upTo);
  }

  async #recordOne(
    transaction: StoreTransaction,
    { conversation, grantor, changedAt }: IncomingJob,
    seq: number,
    link: StoredLink,
    entry: GrantedMessage | undefined,
  ): Promise<readonly ProblemItem[]> {
    const { account } = this.#deps;
    const known = await recordAt(transaction, conversation, seq);
    if (known !== undefined && !isReplaceable(known)) return [];
    const author = await authorOf(this.#deps, transaction, link.senderDevice);
    const changed =
      changedAt === undefined ? undefined : await recordAt(transaction, conversation, changedAt);
    const place = { conversation, grantor, author, state: changed?.control };
    const granted = grantedRecord(link, entry, place);
    if (known !== undefined && granted.record.payload === undefined) return [];
    const users = await unopenedBy(transaction, conversation, seq);
    const { lastSeen } = granted;
    const isSame =
      lastSeen === undefined ||
      isSameLog({ seq }, lastSeen, await hashAt(transaction, conversation, lastSeen.seq));
    const record = withUnopened(isSame ? granted.record : misplaced(granted.record), users);
    saveRecord(transaction, conversation, seq, record);
    const found = itemsOf(seq, record, account).filter((item) => item.kind === "problem");
    if (author === undefined || granted.unopened.length === 0) return found;
    const by = { user: author.user, device: link.senderDevice };
    const marked = await hearUnopened(transaction, conversation, by, granted.unopened);
    const earlier = marked.map((at) => problemAt(at, { code: "unopened", user: by.user }));
    return [...found, ...earlier];
  }

  async #giveUp(
    job: IncomingJob,
    { seq, code }: { readonly seq: number; readonly code: EventProblemCode },
  ): Promise<void> {
    const { store, onProblem } = this.#deps;
    const { conversation, grantor } = job;
    // Shown at the grant's own place, where a reader of the conversation finds it.
    const isCurrent = await store.transact(async (transaction) => {
      if ((await getIncoming(transaction, job.grant)) === undefined) return false;
      await addProblem(transaction, conversation, job.seq, { code, user: grantor });
      return true;
    });
    await this.#clear(job);
    if (isCurrent) onProblem(conversation, problemAt(seq, { code, user: grantor }));
  }

  async #clear({ grant }: IncomingJob): Promise<void> {
    const { store } = this.#deps;
    const some = () =>
      store.transact((transaction) => clearLinks(transaction, grant, batchMessages));
    while ((await some()) > 0);
    await store.transact(async (transaction) => deleteIncoming(transaction, grant));
  }

  #report({ conversation, grant, fromSeq, toSeq, next }: IncomingJob): void {
    const total = toSeq - fromSeq + 1;
    const done = next - fromSeq;
    const { onProgress } = this.#deps;
    onProgress(conversation, { grant, direction: "receiving", fromSeq, toSeq, done, total });
  }
}

const problemAt = (seq: number, problem: Problem): ProblemItem => ({
  kind: "problem",
  seq,
  ...problem,
});

/** Returns whether an event lists the members and the epoch after it, whoever caused it. */
const changesMembers = (kind: EventKind): boolean =>
  isMembershipKind(kind) || kind === "device_added" || kind === "device_removed";

async function recordAt(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<HistoryRecord | undefined> {
  const [found] = await readHistory(transaction, conversation, seq - 1, 1);
  return found?.[0] === seq ? found[1] : undefined;
}

/**
 * Returns whether a later grant may show a message that an earlier grant did not. Events that this device
 * has seen itself are kept as it saw them.
 */
const isReplaceable = ({ kind, grantedBy, payload }: HistoryRecord): boolean =>
  kind === "message" && grantedBy !== undefined && payload === undefined;

/** Marks a message whose sender saw another log before it. */
const misplaced = (record: HistoryRecord): HistoryRecord => ({
  ...record,
  problems: [...record.problems, { code: "transcript_mismatch", user: undefined }],
});

/** Marks a message that is shown and that members could not open. */
function withUnopened(record: HistoryRecord, users: readonly UserId[]): HistoryRecord {
  if (record.payload === undefined) return record;
  const others = users.filter((user) => user !== record.sender);
  const problems = others.map((user) => ({ code: "unopened", user }) as const);
  return { ...record, problems: [...record.problems, ...problems] };
}

/**
 * Returns the problem that the user is told; undefined for an error that the grant did not cause.
 */
function problemOf(
  error: unknown,
  { seq }: IncomingJob,
): { readonly seq: number; readonly code: EventProblemCode } | undefined {
  if (error instanceof UnverifiableError) return { seq: error.seq, code: "grant_unverifiable" };
  const damaged = error instanceof SealdeskError || codeOf(error, "DeviceError") !== undefined;
  return damaged ? { seq, code: "grant_unreadable" } : undefined;
}
