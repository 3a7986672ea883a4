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

/**
 * What the bytes say; undefined when they are no entry of ours. Whoever has the application's login
 * may append anything, and one such entry must not keep anybody from reading the others.
 */
export function parseEntry(bytes: Uint8Array): LoggedEntry | undefined {
  try {
    const parsed: unknown = JSON.parse(fromUtf8(bytes));
    const { actor, resource } = parsed as Partial<LoggedEntry>;
    const isEntry = [actor, resource].every((each) => typeof each === "object" && each !== null);
    return isEntry ? (parsed as LoggedEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** What is no entry of ours is in every answer: it is never what should be hidden. */
export function matches(entry: LoggedEntry | undefined, filter: EntryFilter): boolean {
  if (entry === undefined) return true;
  const { fromMs, untilMs, actor, subject, action, resource, outcome } = filter;
  if (fromMs !== undefined && entry.occurredAtMs < fromMs) return false;
  if (untilMs !== undefined && entry.occurredAtMs >= untilMs) return false;
  if (actor !== undefined && entry.actor.id !== actor) return false;
  if (subject !== undefined && (entry.subject ?? entry.actor.id) !== subject) return false;
  if (resource !== undefined && entry.resource.id !== resource) return false;
  if (outcome !== undefined && entry.outcome !== outcome) return false;
  if (action === undefined) return true;
  if (typeof entry.action !== "string") return true;
  return action.endsWith(".") ? entry.action.startsWith(action) : entry.action === action;
}
