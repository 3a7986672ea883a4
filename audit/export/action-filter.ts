import { distance } from "fastest-levenshtein";
import { actions } from "../actions.ts";
import { AuditError } from "../audit-error.ts";

const names = Object.keys(actions);
/** The beginnings that a filter may have, such as "session.". */
const beginnings = [...new Set(names.map((name) => name.slice(0, name.indexOf(".") + 1)))];

const NEAREST = 3;

/**
 * Requires that a filter names an action of the table, or the beginning of some, such as
 * "session.". A misspelt name would match nothing, and the reader would trust the empty answer. The
 * message does not repeat the filter.
 * @throws AuditError audit_action_unknown, with the nearest names
 */
export function assertActionFilter(filter: string | undefined): void {
  if (filter === undefined) return;
  const known = filter.endsWith(".") ? beginnings : names;
  if (known.includes(filter)) return;
  const nearest = known
    .map((name) => ({ name, far: distance(filter, name) }))
    .toSorted((one, other) => one.far - other.far)
    .slice(0, NEAREST)
    .map(({ name }) => name);
  throw new AuditError(
    "audit_action_unknown",
    `The audit log has no such action. The nearest are ${nearest.join(", ")}. See docs/audited-actions.md for all actions, or leave the action out to get every entry.`,
  );
}
