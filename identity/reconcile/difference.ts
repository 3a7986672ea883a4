import { AuditError } from "../../audit/audit-error.ts";

/** What the log says about a row. */
export interface Recorded {
  /** The words that the row must have, such as a role, or each of several origins. */
  readonly values: readonly string[];
  /** The index of the entry. Undefined while the entry waits for its place. */
  readonly index: number | undefined;
}

/** A place where the database is not what the log says. */
export interface Difference {
  /** The row and the column, such as "sealdesk.users 0198f0c2-... role". */
  readonly place: string;
  /** What the column says. Undefined if there is no such row. */
  readonly stored: readonly string[] | undefined;
  /** What the log says, and where. Undefined if it says nothing about this row. */
  readonly recorded: Recorded | undefined;
}

/** Returns the difference at a place, if there is one. */
export function differenceAt(difference: Difference): readonly Difference[] {
  const { stored, recorded } = difference;
  const agree =
    stored !== undefined &&
    recorded !== undefined &&
    stored.join("\n") === recorded.values.join("\n");
  return agree ? [] : [difference];
}

/** Returns how many differences there are, in words. */
export const placesOf = ({ length }: readonly Difference[]): string =>
  length === 1 ? "one place" : `${length} places`;

/** Describes a difference in one sentence, for a person who must examine it. */
export function describeDifference({ place, stored, recorded }: Difference): string {
  const says = (values: readonly string[]) => (values.length === 0 ? "nothing" : values.join(", "));
  const row = stored === undefined ? "is gone" : `says ${says(stored)}`;
  const entry =
    recorded === undefined
      ? "no entry of the log does"
      : `${recorded.index === undefined ? "an entry that waits for its place" : `entry ${recorded.index}`} says ${says(recorded.values)}`;
  return `The row ${place} ${row}, but ${entry}.`;
}

/**
 * Requires that accounts, roles and settings in the database are those that a log says.
 * @throws AuditError audit_state_differs, which names the first difference
 */
export function assertNone(origin: string, differences: readonly Difference[]): void {
  const [first] = differences;
  if (first === undefined) return;
  throw new AuditError(
    "audit_state_differs",
    `The database differs from the log ${origin} in ${placesOf(differences)}. ${describeDifference(first)}`,
  );
}
