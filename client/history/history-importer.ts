import type { Control } from "../../crypto/wire/frame.ts";
import type { ConversationId, DeviceId, GrantId, UserId } from "../../crypto/wire/ids.ts";
import type { CertifiedFields } from "../../crypto/device/certified-fields.ts";
import { type GrantedMessage, readPack } from "../../crypto/device/history-pack.ts";
import { attachmentFromFields } from "../../crypto/wire/payload-body.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { downloadAttachment, type DownloadDeps } from "../attachments/download.ts";
import { Retry } from "../attachments/retry.ts";
import {
  addProblem,
  hashAt,
  isReplaceable,
  itemsOf,
  readHistory,
  saveGap,
  saveRecord,
  type HistoryRecord,
  type Problem,
} from "../conversation/history.ts";
import type { EventProblemCode, ProblemItem } from "../conversation/items.ts";
import { isSameLog } from "../conversation/judge-message.ts";
import { hasDevice, isListedUnder } from "../conversation/state.ts";
import { toStored } from "../conversation/stored-member.ts";
import { hearUnopened, unopenedBy } from "../conversation/unopened.ts";
import type { Account } from "../device/account.ts";
import { removedFromAmong } from "../device/removed-devices.ts";
import type { Trust } from "../device/trust.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { authorOf, takeAuthor } from "./authors.ts";
import { certifiedRole, type RoleDeps } from "./certified-role.ts";
import { assertIncoming, followLinks, UnverifiableError } from "./follow-links.ts";
import { changeOf, changesMembers } from "./granted-members.ts";
import { grantedRecord } from "./granted-record.ts";
import {
  clearLinks,
  deleteIncoming,
  deleteLink,
  getFirst,
  getIncoming,
  getLink,
  mostRemoved,
  putIncoming,
  type IncomingJob,
  type StoredLink,
} from "./incoming-job.ts";
import type { HistoryProgress } from "./progress.ts";

export interface HistoryImporterDeps extends DownloadDeps, Pick<RoleDeps, "authority"> {
  readonly store: DeviceStore;
  readonly api: Pick<Api, "readLinks">;
  readonly account: Account;
  readonly trust: Trust;
  readonly onProgress: (conversation: ConversationId, progress: HistoryProgress) => void;
  readonly onProblem: (conversation: ConversationId, problem: ProblemItem) => void;
}

/** An event of a granted range, with what the log says of its place and what the pack says of it. */
interface GrantedEvent extends Pick<
  IncomingJob,
  "conversation" | "grant" | "grantor" | "fromSeq" | "members" | "removed"
> {
  readonly seq: number;
  readonly link: StoredLink;
  readonly change: Control | undefined;
  readonly entry: GrantedMessage | undefined;
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
    const asked = new Set<DeviceId>();
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
        if (author !== undefined && !asked.has(author.device)) {
          // The members at the message's place say whose device it is.
          job = await this.#record(job, batch, message.seq - 1);
          batch = [];
          size = 0;
          if (await this.#takeAuthor(job, author, message.seq)) asked.add(author.device);
        }
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

  /**
   * Looks at an author only if the log says that this device sent the message that follows, and lists it
   * under this user there.
   * @returns whether it did
   */
  async #takeAuthor(
    { grant, members }: IncomingJob,
    author: CertifiedFields,
    seq: number,
  ): Promise<boolean> {
    const { store, clock, signal } = this.#deps;
    const { user, device } = author;
    const link = await store.read((transaction) => getLink(transaction, grant, seq));
    const isListed = members === undefined || isListedUnder(members.members, user, device);
    if (link?.senderDevice !== device || !isListed) return false;
    await takeAuthor(this.#deps, author, new Retry(clock, signal));
    return true;
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
    const { store, onProblem, account } = this.#deps;
    const { tenant } = account;
    const entries = new Map<number, GrantedMessage>();
    let highest = job.next - 1;
    for (const entry of batch) {
      if (entry.seq <= highest || entry.seq > job.toSeq) continue;
      entries.set(entry.seq, entry);
      highest = entry.seq;
    }
    const last = Math.min(Math.max(highest, upTo), job.toSeq, job.next + batchMessages - 1);
    const links = await this.#linksOf(job, last);
    const { after, problems } = await store.transact(async (transaction) => {
      await assertIncoming(transaction, job);
      const problemsFound: ProblemItem[] = [];
      let { members, removed } = job;
      for (let seq = job.next; seq <= last; seq++) {
        const found = links.get(seq);
        deleteLink(transaction, job.grant, seq);
        if (found === undefined) continue;
        const { link, role } = found;
        const change = changesMembers(link.kind)
          ? changeOf({ ...job, tenant }, members, seq, link, role)
          : undefined;
        const granted = { ...job, members, removed, change, seq, link, entry: entries.get(seq) };
        problemsFound.push(...(await this.#recordOne(transaction, granted)));
        if (link.kind === "device_removed" && change !== undefined)
          removed = [...removed, ...removedBy(members, change)].slice(-mostRemoved);
        if (change !== undefined) members = membersOf(change);
      }
      const moved = { ...job, members, removed, next: Math.max(job.next, last + 1) };
      putIncoming(transaction, moved);
      return { after: moved, problems: problemsFound };
    });
    for (const problem of problems) onProblem(job.conversation, problem);
    this.#report(after);
    if (after.next > Math.min(Math.max(highest, upTo), job.toSeq)) return after;
    return this.#record(after, batch, upTo);
  }

  /** Returns the links from the job's place up to `last`, each with the certified role of its author, if it has one. */
  async #linksOf({ grant, next }: IncomingJob, last: number) {
    const { store, clock, signal } = this.#deps;
    const found = new Map<
      number,
      { readonly link: StoredLink; readonly role: string | undefined }
    >();
    await store.read(async (transaction) => {
      for (let seq = next; seq <= last; seq++) {
        const link = await getLink(transaction, grant, seq);
        if (link !== undefined) found.set(seq, { link, role: undefined });
      }
    });
    for (const [seq, { link }] of found)
      if (changesMembers(link.kind)) {
        const role = await certifiedRole(this.#deps, link, new Retry(clock, signal));
        found.set(seq, { link, role });
      }
    return found;
  }

  async #recordOne(
    transaction: StoreTransaction,
    { conversation, grant, fromSeq, seq, link, entry, ...granting }: GrantedEvent,
  ): Promise<readonly ProblemItem[]> {
    const { account } = this.#deps;
    const known = await recordAt(transaction, conversation, seq);
    if (known !== undefined && !isReplaceable(known)) return [];
    const { senderDevice } = link;
    // A change of the range removed it, or an event that this device saw itself.
    const isRemoved =
      granting.removed.includes(senderDevice) ||
      (await removedFromAmong(transaction, conversation, [senderDevice], seq)).length > 0;
    const author = isRemoved ? undefined : await authorOf(this.#deps, transaction, senderDevice);
    const first = await getFirst(transaction, grant, link);
    const isRepeated = first !== undefined && first < seq;
    const place = { ...granting, conversation, author, isRepeated };
    const granted = grantedRecord(link, entry, place);
    if (known?.kind === "message" && granted.record.payload === undefined) return [];
    // What the grant leaves of a gap stays.
    if (known?.gap !== undefined && known.gap.from < fromSeq)
      saveGap(transaction, conversation, { ...known.gap, to: fromSeq - 1 });
    const users =
      granted.record.payload === undefined ? [] : await unopenedBy(transaction, conversation, seq);
    const { lastSeen } = granted;
    const isSame =
      lastSeen === undefined ||
      isSameLog({ seq }, lastSeen, await hashAt(transaction, conversation, lastSeen.seq));
    const record = withUnopened(isSame ? granted.record : misplaced(granted.record), users);
    saveRecord(transaction, conversation, seq, record);
    const found = itemsOf(seq, record, account).filter((item) => item.kind === "problem");
    if (author === undefined || granted.unopened.length === 0 || !isSame) return found;
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

async function recordAt(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<HistoryRecord | undefined> {
  const [found] = await readHistory(transaction, conversation, seq - 1, 1);
  return found?.[0] === seq ? found[1] : undefined;
}

/** Marks a message whose sender saw another log before it. */
const misplaced = (record: HistoryRecord): HistoryRecord => ({
  ...record,
  problems: [...record.problems, { code: "transcript_mismatch", user: undefined }],
});

/** Marks a message that is shown and that members could not open. */
function withUnopened(record: HistoryRecord, users: readonly UserId[]): HistoryRecord {
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

const membersOf = ({ epoch, members }: Control): IncomingJob["members"] => ({
  epoch,
  members: members.map(toStored),
});

/** Returns the devices that a removal takes from its subject, as far as the members before it are known. */
function removedBy(before: IncomingJob["members"], { members }: Control): readonly DeviceId[] {
  const devices = (before?.members ?? []).flatMap((member) => member.devices);
  return devices.filter((device) => !hasDevice(members, device));
}
