import { AuditError } from "../../audit/audit-error.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Recorded, RecordedState } from "./recorded-state.ts";
import { settingColumns } from "./setting-columns.ts";
import type { StoredAccount, StoredState } from "./stored-state.ts";

/** A place where the database is not what the log says. */
export interface Difference {
  /** The row and the column, such as "users 0198f0c2-... role". */
  readonly place: string;
  /** What the column says. Undefined if there is no such row. */
  readonly stored: readonly string[] | undefined;
  /** What the log says, and where. Undefined if it says nothing about this row. */
  readonly recorded: Recorded | undefined;
}

/** Compares the database with the log. What the log no longer says, because it was pruned, is left out. */
export function compareState(
  tenant: string,
  recorded: RecordedState,
  { accounts, settings }: StoredState,
): readonly Difference[] {
  const { prunedBeforeMs } = recorded;
  const isForgotten = ({ createdAtMs }: StoredAccount) =>
    prunedBeforeMs !== undefined && createdAtMs < prunedBeforeMs;
  const found: Difference[] = [];
  const add = (difference: Difference) => {
    if (!agree(difference.stored, difference.recorded?.values)) found.push(difference);
  };
  for (const id of new Set<UserId>([...recorded.staff.keys(), ...accounts.keys()])) {
    const [said, row] = [recorded.staff.get(id), accounts.get(id)];
    if (said !== undefined || (row !== undefined && !isForgotten(row)))
      add({ place: `users ${id} role`, stored: row && [row.role], recorded: said });
  }
  for (const column of settingColumns) {
    const said = recorded.settings.get(column);
    if (said !== undefined || prunedBeforeMs === undefined)
      add({ place: `tenants ${tenant} ${column}`, stored: settings?.get(column), recorded: said });
  }
  return found;
}

const agree = (stored: readonly string[] | undefined, recorded: readonly string[] | undefined) =>
  stored !== undefined && recorded !== undefined && stored.join("\n") === recorded.join("\n");

/** Describes a difference in one sentence, for a person who must examine it. */
export function describeDifference({ place, stored, recorded }: Difference): string {
  const says = (values: readonly string[]) => (values.length === 0 ? "nothing" : values.join(", "));
  const row = stored === undefined ? "is gone" : `says ${says(stored)}`;
  const entry =
    recorded === undefined
      ? "no entry of the log does"
      : `${recorded.index === undefined ? "an entry that waits for its place" : `entry ${recorded.index}`} says ${says(recorded.values)}`;
  return `The row sealdesk.${place} ${row}, but ${entry}.`;
}

/**
 * Requires that accounts, roles and settings in the database are those that a log says.
 * @throws AuditError audit_state_differs, which names the first difference
 */
export function assertNone(origin: string, differences: readonly Difference[]): void {
  const [first] = differences;
  if (first === undefined) return;
  const { length } = differences;
  throw new AuditError(
    "audit_state_differs",
    `The database differs from the log ${origin} in ${length === 1 ? "one place" : `${length} places`}. ${describeDifference(first)} Find out who changed the row: see docs/audit.md, “When the database differs from the log”.`,
  );
}
