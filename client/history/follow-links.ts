import { equalBytes } from "../../crypto/wire/bytes.ts";
import { linkHash, zeroHash } from "../../crypto/wire/event.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import type { Retry } from "../attachments/retry.ts";
import { firstFrom } from "../conversation/history.ts";
import type { Api } from "../http/api.ts";
import {
  getIncoming,
  putIncoming,
  putLink,
  type IncomingJob,
  type StoredLink,
} from "./incoming-job.ts";

type Page = Awaited<ReturnType<Api["readLinks"]>>;
type CheckedLink = StoredLink & { readonly seq: number };

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
 * Follows the log back, page by page, from a hash that this device recorded itself to the beginning
 * of the range. Each link is bound by the link after it, so neither the relay nor the grantor can
 * replace one. Links of the range and the progress are kept in the store.
 * @throws UnverifiableError; SealdeskError
 */
export async function followLinks(
  { store, api }: { readonly store: DeviceStore; readonly api: Pick<Api, "readLinks"> },
  job: IncomingJob,
  retry: Retry,
): Promise<IncomingJob> {
  let current = await anchored(store, job);
  for (;;) {
    const { unlinked, conversation, grant, fromSeq, toSeq } = current;
    if (unlinked === undefined || unlinked.seq < fromSeq) return current;
    const page = await api.readLinks(conversation, grant, unlinked.seq).catch(retrying(retry));
    if (page === undefined) continue;
    retry.succeeded();
    const { links, before } = checked(current, unlinked, page);
    const next = { ...current, unlinked: before };
    await store.transact(async (transaction) => {
      await assertIncoming(transaction, current);
      for (const { seq, ...link } of links)
        if (seq >= fromSeq && seq <= toSeq) putLink(transaction, grant, seq, link);
      putIncoming(transaction, next);
    });
    current = next;
  }
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

/** Start at the first event after the range that this device has seen itself. */
async function anchored(store: DeviceStore, job: IncomingJob): Promise<IncomingJob> {
  if (job.unlinked !== undefined) return job;
  const anchor = await store.read((transaction) =>
    firstFrom(transaction, job.conversation, job.toSeq),
  );
  if (anchor === undefined) throw new UnverifiableError(job.toSeq);
  const [seq, hash] = anchor;
  return { ...job, unlinked: { seq, hash } };
}

/** Recomputes the hashes of a page. The last hash is known. */
function checked(
  { conversation, fromSeq, toSeq, fromHash, toHash }: IncomingJob,
  { seq: last, hash }: { readonly seq: number; readonly hash: Uint8Array },
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
    if (rest.control !== undefined && !equalBytes(sha256(rest.control), digest))
      throw new UnverifiableError(link.seq);
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
