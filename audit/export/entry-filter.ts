import type { AuditEntry, AuditOutcome } from "../append-entry.ts";
import { fromUtf8 } from "../../crypto/wire/bytes.ts";

/** An entry as it was logged; personal fields are salted hashes. */
export type LoggedEntry = AuditEntry & { readonly eventId: string };

/** Which entries are exported; what is not given is not asked. */
export interface EntryFilter {
  /** Milliseconds since the Unix epoch, inclusive. */
  readonly fromMs?: number | undefined;
  /** Exclusive. */
  readonly untilMs?: number | undefined;
  readonly actor?: string | undefined;
  /** Whom it concerns: as subject, or as the actor where no subject is named. */
  readonly subject?: string | undefined;
  /** Such as "session.create", or "session." for all that begin so. */
  readonly action?: string | undefined;
  /** The id of what was acted on. */
  readonly resource?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
}

export const parseEntry = (bytes: Uint8Array): LoggedEntry =>
  JSON.parse(fromUtf8(bytes)) as LoggedEntry;

export function matches(entry: LoggedEntry, filter: EntryFilter): boolean {
  const { fromMs, untilMs, actor, subject, action, resource, outcome } = filter;
  if (fromMs !== undefined && entry.occurredAtMs < fromMs) return false;
  if (untilMs !== undefined && entry.occurredAtMs >= untilMs) return false;
  if (actor !== undefined && entry.actor.id !== actor) return false;
  if (subject !== undefined && (entry.subject ?? entry.actor.id) !== subject) return false;
  if (resource !== undefined && entry.resource.id !== resource) return false;
  if (outcome !== undefined && entry.outcome !== outcome) return false;
  if (action === undefined) return true;
  return action.endsWith(".") ? entry.action.startsWith(action) : entry.action === action;
}
