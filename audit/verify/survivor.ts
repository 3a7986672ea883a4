/** The part of a head that a log must still have after it was restored from a backup. */
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Checkpoint, TreeHead } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import type { LogRestore, RestoredLog } from "./log-restore.ts";

/** The part of a head that remains after the restores of its log. */
interface Survivor<R extends RestoredLog> {
  /** The head that the log must still extend. */
  readonly head: Checkpoint;
  /** The restores that lost entries of the given head, the earliest first. */
  readonly lostIn: readonly R[];
}

/**
 * Applies to a head all later restores of its log. The nth restore loses the entries above the head
 * from which the log continues, in every head that says that the log was restored less than n times.
 * @param restores of this or of other logs, already verified
 */
export function survivorOf<R extends RestoredLog>(
  head: Checkpoint,
  restores: readonly R[],
): Survivor<R> {
  const lostIn: R[] = [];
  let left = head;
  const ofLog = restores.filter(({ origin }) => origin === head.origin);
  for (const restore of ofLog.toSorted((a, b) => a.restores - b.restores)) {
    const { continues, restores: number } = restore;
    if ((head.restores ?? 0) >= number || left.size <= continues.size) continue;
    lostIn.push(restore);
    left = { origin: head.origin, ...continues, restores: number };
  }
  return { head: left, lostIn };
}

/** The changes of a log between two of its heads. */
export interface Passage<R extends RestoredLog> {
  /** Every head that the later one must extend: see `uncutHeads`. */
  readonly required: readonly TreeHead[];
  /** Every restore between the two heads, the earliest first. */
  readonly passed: readonly R[];
  /** The restores that lost entries of the earlier head. */
  readonly lostIn: readonly R[];
}

/**
 * Returns the parts of an earlier head that a log must still have when it shows a later one. The
 * number of restores in the heads of a log never goes down. It goes up only by restores that are
 * known, each by its number. A caller that accepts the later head must verify that it extends each
 * of the required ones.
 * @param restores already verified
 * @throws LogError rolled_back, missing: a restore between the two heads is not known
 */
export function survivorAt<R extends RestoredLog>(
  earlier: Checkpoint,
  later: Checkpoint,
  restores: readonly R[],
): Passage<R> {
  const [from, to] = [earlier.restores ?? 0, later.restores ?? 0];
  if (to < from)
    throw new LogError(
      "rolled_back",
      "checkpoint",
      `says that the log was restored ${to} times, and an earlier one says ${from} times.`,
    );
  const passed: R[] = [];
  for (let number = from + 1; number <= to; number++) {
    const restore = restores.find(
      (each) => each.origin === later.origin && each.restores === number,
    );
    if (restore === undefined)
      throw new LogError(
        "missing",
        `restore ${number}`,
        "is in no statement that the log's key and enough known approvers signed.",
      );
    passed.push(restore);
  }
  const required = uncutHeads([earlier, ...passed.map(({ continues }) => continues)]);
  const needed = required.at(-1)?.size ?? 0;
  if (later.size < needed)
    throw new LogError("rolled_back", "checkpoint", `the log had ${needed} entries.`);
  return { required, passed, lostIn: survivorOf(earlier, passed).lostIn };
}

/**
 * Returns the heads that none of the later ones cuts off, the smallest first.
 * @param heads a head of a log, and then those from which the log continued after its restores
 */
export function uncutHeads(heads: readonly TreeHead[]): readonly TreeHead[] {
  const uncut: TreeHead[] = [];
  for (const head of heads.toReversed()) {
    const [next] = uncut;
    const isSame = next?.size === head.size && equalBytes(next.root, head.root);
    if (!isSame && head.size <= (next?.size ?? Infinity)) uncut.unshift(head);
  }
  return uncut;
}

const DAY_MS = 86_400_000;

/**
 * Refuses a restore that was declared more than a day before the head was first seen. The log
 * continued without the restore meanwhile, so somebody kept the declaration and used it later. A
 * younger declaration may just not have been applied yet.
 * @param lostIn the restores that lost entries of a head
 * @param seenAtMs when the head was seen first
 * @throws LogError rolled_back
 */
export function assertTimely(
  lostIn: readonly Pick<LogRestore, "restores" | "declaredAtMs">[],
  seenAtMs: number,
): void {
  const stale = lostIn.find(({ declaredAtMs }) => declaredAtMs + DAY_MS < seenAtMs);
  if (stale !== undefined)
    throw new LogError(
      "rolled_back",
      `restore ${stale.restores}`,
      "was declared more than a day before entries were seen that it takes away.",
    );
}
