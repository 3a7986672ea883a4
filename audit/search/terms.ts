import { hash } from "node:crypto";
import type { EntryFilter, LoggedEntry } from "../export/entry-filter.ts";

/** A field and its value, such as `actor 0198f0c2-...`, as the index finds it. */
type Term = string;

/** The term of bytes that are not one of our entries. Every search finds these. */
const FOREIGN: Term = "foreign";

/** The beginning of an action's name with its dot, such as "session.". */
const groupOf = (action: string): string => action.slice(0, action.indexOf(".") + 1);

/**
 * Returns the terms under which an entry is found. Nodes compare the stored index with these terms. If you
 * change them, or what `parseEntry` accepts, let a migration begin new tables for the index, because nodes
 * of both versions run for a while.
 * @param entry undefined if it is not ours
 */
export function termsOfEntry(entry: LoggedEntry | undefined): readonly Term[] {
  if (entry === undefined) return [FOREIGN];
  const { actor, subject, resource, action, outcome } = entry;
  return [
    `actor ${actor.id}`,
    `subject ${subject ?? actor.id}`,
    `resource ${resource.id}`,
    `action ${action}`,
    `action ${groupOf(action)}`,
    `outcome ${outcome}`,
  ];
}

/** Returns the terms that an entry of ours must all have to match a filter. */
export function termsOfFilter(filter: EntryFilter): readonly Term[] {
  return (["actor", "subject", "resource", "action", "outcome"] as const).flatMap((field) => {
    const value = filter[field];
    return value === undefined ? [] : [`${field} ${value}`];
  });
}

/**
 * The number that stands for a term in the database: the first 4 bytes of its SHA-256, as a signed
 * integer. Two terms may share one. The search then reads a few entries more, and leaves them out.
 */
export const numberOf = (term: Term): number => hash("sha256", term, "buffer").readInt32BE();

export const FOREIGN_NUMBER = numberOf(FOREIGN);
