import { equalBytes } from "../../crypto/wire/bytes.ts";
import { linkHash, zeroHash } from "../../crypto/wire/event.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import type { Retry } from "../attachments/retry.ts";
import { firstFrom } from "../conversation/history.ts";
import type { Api } from "../http/api.ts";
import { certifiedRole, type RoleDeps } from "./certified-role.ts";
import { beginsEpoch, changeOf, changesMembers } from "./granted-members.ts";
import {
  getFirst,
  getIncoming,
  putFirst,
  putIncoming,
  putLink,
  type IncomingJob,
  type StoredLink,
} from "./incoming-job.ts";

type Page = Awaited<ReturnType<Api["readLinks"]>>;
type CheckedLink = StoredLink & { readonly seq: number };
type Unlinked = NonNullable<IncomingJob["unlinked"]>;

interface FollowDeps extends RoleDeps {
  readonly store: DeviceStore;
  readonly api: Pick<Api, "readLinks">;
}

/** The relay's log does not connect what this device has seen with the granted range. */
export class UnverifiableError extends Error {
  override readonly name = "UnverifiableError";
  /** The event at which the chain broke. */
  readonly seq: number;
  constructor(seq: number) {
    super("The log does not lead to the granted range.");
    this.seq = seq;
  }
}

/**
 * Follows the log back, page by page, from a hash that this device recorded itself, over the range, to the
 * beginning of the epoch of its first event. The last change of the members up to there says who they are. Each link is bound by the link after it, so
 * neither the relay nor the grantor can replace one. If events before the range are gone, the members at its
 * beginning stay unknown. Links of the range and the progress are kept in the store.
 * @throws UnverifiableError; SealdeskError
 */
export async function followLinks(
  deps: FollowDeps,
  job: IncomingJob,
  retry: Retry,
): Promise<IncomingJob> {
  const { store, api, account } = deps;
  let current = { ...job, unlinked: job.unlinked ?? (await anchorOf(store, job)) };
  while (!current.linked) {
    const { unlinked, conversation, grant, fromSeq } = current;
    const page = await api.readLinks(conversation, grant, unlinked.seq).catch(retrying(retry));
    if (page === undefined) continue;
    retry.succeeded();
    const isGone = page.links.length === 0 && unlinked.seq < fromSeq;
    const { links, before } = isGone
      ? { links: [], before: unlinked }
      : checked(current, unlinked, page);
    const isBegun = links.some(({ seq, kind }) => seq <= fromSeq && beginsEpoch(kind));
    const linked = isGone || isBegun || before.seq === 0;
    // An event of the range is judged in its turn.
    const base = links.findLast(({ seq, kind }) => seq < fromSeq && changesMembers(kind));
    const place = { tenant: account.tenant, conversation };
    const members =
      current.members ??
      (base && changeOf(place, undefined, base.seq, base, await certifiedRole(deps, base, retry)));
    const next = { ...current, unlinked: before, linked, members };
    await store.transact(async (transaction) => {
      await assertIncoming(transaction, current);
      for (const link of links.toReversed()) await keep(transaction, current, link);
      putIncoming(transaction, next);
    });
    current = next;
  }
  return current;
}

/** Keeps a link of the range, and the first place of each of its messages. */
async function keep(
  transaction: StoreTransaction,
  { grant, fromSeq, toSeq }: IncomingJob,
  { seq, ...link }: CheckedLink,
): Promise<void> {
  const isInRange = seq >= fromSeq && seq <= toSeq;
  if (isInRange) putLink(transaction, grant, seq, link);
  if (link.kind !== "message") return;
  const isOfRange = isInRange || (await getFirst(transaction, grant, link)) !== undefined;
  if (isOfRange) putFirst(transaction, grant, link, seq);
}

/**
 * Requires that the grant is still in the log. A restore of the server may have lost it.
 * @throws UnverifiableError
 */
export async function assertIncoming(
  transaction: ReadTransaction,
  { grant, seq }: IncomingJob,
): Promise<void> {
  if ((await getIncoming(transaction, grant)) === undefined) throw new UnverifiableError(seq);
}

const retrying = (retry: Retry) => async (error: unknown) => {
  await retry.after(error);
};

/** Returns the first event from the end of the range on that this device has. */
async function anchorOf(store: DeviceStore, job: IncomingJob): Promise<Unlinked> {
  const anchor = await store.read((transaction) =>
    firstFrom(transaction, job.conversation, job.toSeq),
  );
  if (anchor === undefined) throw new UnverifiableError(job.toSeq);
  const [seq, hash] = anchor;
  return { seq, hash };
}

/** Recomputes the hashes of a page. The last hash is known. */
function checked(
  { conversation, fromSeq, toSeq, fromHash, toHash }: IncomingJob,
  { seq: last, hash }: Unlinked,
  { links, previousHash }: Page,
) {
  const first = last - links.length + 1;
  const isWhole = links.length > 0 && links.every(({ seq }, index) => seq === first + index);
  if (!isWhole || previousHash === undefined) throw new UnverifiableError(last);
  if (first === 1 && !equalBytes(previousHash, zeroHash)) throw new UnverifiableError(first);
  const made: CheckedLink[] = [];
  let previous: Uint8Array = previousHash;
  for (const link of links) {
    const { digest, keyId, receivedAtMs, ...rest } = link;
    const isInRange = link.seq >= fromSeq && link.seq <= toSeq;
    const isLacking = rest.control === undefined && isInRange && changesMembers(link.kind);
    const isOther = rest.control !== undefined && !equalBytes(sha256(rest.control), digest);
    if (isLacking || isOther) throw new UnverifiableError(link.seq);
    const header = { ...rest, conversation, keyId, receivedAtMs };
    previous = linkHash(sha256, previous, header, digest, link.commitment);
    made.push({ ...rest, receivedAtMs, transcriptHash: previous });
  }
  if (!equalBytes(previous, hash)) throw new UnverifiableError(last);
  // The grantor signed that it saw this log.
  for (const { seq, transcriptHash } of made)
    for (const [end, signed] of [
      [fromSeq, fromHash],
      [toSeq, toHash],
    ] as const)
      if (seq === end && !equalBytes(transcriptHash, signed)) throw new UnverifiableError(seq);
  return { links: made, before: { seq: first - 1, hash: previousHash } };
}
