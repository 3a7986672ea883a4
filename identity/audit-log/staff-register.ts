import type { FoundEntry } from "../../audit/search/find-entries.ts";
import { isId, type UserId } from "../../crypto/wire/ids.ts";

/** An account of staff, as the audit log shows it at a time. */
export interface StaffThen {
  readonly id: UserId;
  /** The role that it was created with, or was given or certified with last. */
  readonly role: string;
  /** The teams that the authority last certified, in ascending order. */
  readonly teams: readonly string[];
  /** Milliseconds since the Unix epoch. Null if the entry of the creation was pruned. */
  readonly createdAtMs: number | null;
  readonly roleSinceMs: number;
  /** The index of the entry that says the role. */
  readonly index: number;
}

/**
 * Returns the accounts of staff that a log shows, in the order of their first entry. A certificate that
 * repeats the role changes nothing but the teams.
 * @param found successful entries of the actions `user.create`, `user.set_role` and `staff.certify`, in any order
 */
export function staffOf(found: readonly FoundEntry[]): readonly StaffThen[] {
  const accounts = new Map<UserId, StaffThen>();
  for (const { index, ...read } of found.toSorted((one, other) => one.index - other.index)) {
    if (!("entry" in read)) continue;
    const { action, resource, details, occurredAtMs } = read.entry;
    const role = details?.["role"];
    if (typeof role !== "string" || !isId<UserId>(resource.id)) continue;
    const before = accounts.get(resource.id);
    const teams = action === "staff.certify" ? teamsIn(details?.["teams"]) : [];
    if (before?.role === role) {
      if (action === "staff.certify") accounts.set(resource.id, { ...before, teams });
      continue;
    }
    const createdAtMs = action === "user.create" ? occurredAtMs : (before?.createdAtMs ?? null);
    accounts.set(resource.id, {
      id: resource.id,
      role,
      teams,
      createdAtMs,
      roleSinceMs: occurredAtMs,
      index,
    });
  }
  return [...accounts.values()];
}

const teamsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((team) => typeof team === "string") : [];
