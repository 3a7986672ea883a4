import type { EntryRecord } from "./append-entry.ts";
import { canonicalJson, type CanonicalValue } from "../crypto/wire/canonical-json.ts";

const MAX_DETAILS = 512;
const MAX_LISTED = 8;

/**
 * Shortens the details of an entry that would be over 512 characters. Of a long list, only its
 * length stays. If that is not enough, no details stay. So a refused request cannot write its own
 * input into the log.
 */
export function briefly<E extends Pick<EntryRecord, "details">>(entry: E): E {
  const { details } = entry;
  if (details === undefined || canonicalJson(details).length <= MAX_DETAILS) return entry;
  const short = Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, lengthOfLong(value)]),
  );
  const isShort = canonicalJson(short).length <= MAX_DETAILS;
  return { ...entry, details: isShort ? short : { omitted: true } };
}

const lengthOfLong = (value: CanonicalValue | undefined): CanonicalValue | undefined =>
  Array.isArray(value) && value.length > MAX_LISTED ? { count: value.length } : value;
