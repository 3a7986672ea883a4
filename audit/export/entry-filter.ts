import type { AuditEntry, AuditOutcome } from "../append-entry.ts";
import { fromUtf8 } from "../../crypto/wire/bytes.ts";

/** An entry as it was logged; personal fields are salted hashes. */
export type LoggedEntry = AuditEntry & { readonly eventId: string };

/** Which entries are exported. A field that is not given does not filter. */
export interface EntryFilter {
  /** Milliseconds since the Unix epoch, inclusive. */
  readonly fromMs?: number | undefined;
  /** Exclusive. */
  readonly untilMs?: number | undefined;
  readonly actor?: string | undefined;
  /** The person concerned: the subject, or the actor if no subject is named. */
  readonly subject?: string | undefined;
  /** An action such as "session.create", or a prefix such as "session.". */
  readonly action?: string | undefined;
  /** The id of the resource that was acted on. */
  readonly resource?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
}

/**
 * Decodes an entry, or returns undefined if the bytes are not one of our entries. Anybody with the
 * application's login may append anything, and one such entry must not keep you from reading the
 * others.
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

/** An entry that is not ours matches every filter, because it must never be hidden. */
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
