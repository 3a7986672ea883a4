/** What a log must still have of a head after it was restored from a backup. */
import type { Checkpoint } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import type { RestoredLog } from "./log-restore.ts";

/** What is left of a head after the restores of its log. */
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

/** What happened to a log between two of its heads. */
export interface Passage<R extends RestoredLog> extends Survivor<R> {
  /** Every restore between the two heads, the earliest first. */
  readonly passed: readonly R[];
}

/**
 * What a log must have of an earlier head when it shows a later one. The number of restores in the
 * heads of a log never goes down. It goes up only by restores that are known, each by its number.
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
      throw new LogError("missing", `restore ${number}`, "is in no statement.");
    passed.push(restore);
  }
  const survivor = survivorOf(earlier, passed);
  const needed = Math.max(survivor.head.size, passed.at(-1)?.continues.size ?? 0);
  if (later.size < needed)
    throw new LogError("rolled_back", "checkpoint", `the log had ${needed} entries.`);
  return { ...survivor, passed };
}
