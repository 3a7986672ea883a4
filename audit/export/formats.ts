import { hash } from "node:crypto";
import { nilId } from "../../crypto/wire/ids.ts";
import { toBase64 } from "../verify/base64.ts";
import { cefLineOf } from "./cef.ts";
import { parseEntry, purposeOf, type LoggedEntry } from "./entry-filter.ts";
import { entryMember, onOneLine } from "./entry-text.ts";
import { auditEventOf } from "./fhir/audit-event.ts";
import { ocsfEventOf } from "./ocsf.ts";
import type { IndexedEntry } from "../read/checked-log.ts";

/** A format with one line for each entry. */
export interface LineFormat {
  /** The extension of the file's name. */
  readonly extension: string;
  readonly header: string;
  /** @param origin the log's name */
  readonly line: (entry: IndexedEntry, origin: string) => string;
}

/** The entry as it was hashed, with its index in front. */
const jsonl: LineFormat = {
  extension: "jsonl",
  header: "",
  line: ({ index, entry }) => `{"index":${index},${entryMember(entry)}}\n`,
};

const columns = [
  "index",
  "event_id",
  "occurred_at",
  "actor_kind",
  "actor_id",
  "actor_role",
  "device",
  "action",
  "class",
  "resource_type",
  "resource_id",
  "subject",
  "outcome",
  "reason",
  "request_id",
  "session",
  "method",
  "purpose",
  "decision",
  "operator",
  "operator_ticket",
  "operator_reason",
  "details",
] as const;

/** RFC 4180. A cell that a spreadsheet would read as a formula is turned into text. */
const csv: LineFormat = {
  extension: "csv",
  header: `${columns.join(",")}\r\n`,
  line: ({ index, entry: bytes }) => {
    const entry = parseEntry(bytes);
    if (entry === undefined) return foreignRow(index, bytes);
    const row: Record<(typeof columns)[number], unknown> = {
      index,
      event_id: entry.eventId,
      occurred_at: timeOf(entry.occurredAtMs),
      actor_kind: entry.actor.kind,
      actor_id: entry.actor.id,
      actor_role: entry.actor.role,
      device: entry.actor.device,
      action: entry.action,
      class: entry.class,
      resource_type: entry.resource.type,
      resource_id: entry.resource.id,
      subject: entry.subject,
      outcome: entry.outcome,
      reason: entry.reason,
      request_id: entry.requestId,
      session: entry.session,
      method: entry.method,
      purpose: purposeOf(entry),
      decision: entry.decision && JSON.stringify(entry.decision),
      operator: entry.actor.person?.name,
      operator_ticket: entry.actor.person?.ticket,
      operator_reason: entry.actor.person?.reason,
      details: entry.details === undefined ? undefined : JSON.stringify(entry.details),
    };
    return `${columns.map((column) => csvCell(row[column])).join(",")}\r\n`;
  },
};

/** Returns the row of an entry that is not ours. Its bytes are in the last column. */
const foreignRow = (index: number, bytes: Uint8Array): string =>
  `${columns.map((column) => (column === "index" ? index : column === "details" ? `base64:${toBase64(bytes)}` : "")).join(",")}\r\n`;

function timeOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** Returns a value as a cell of CSV (RFC 4180). A cell that a spreadsheet would read as a formula is turned into text. */
export function csvCell(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  // Some spreadsheets skip spaces, and take the full-width signs for the others.
  const safe = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return /[",\r\n\v\f\u0085\u2028\u2029]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Returns a format that describes each entry separately. */
const telling = (
  extension: string,
  tell: (entry: LoggedEntry, index: number, origin: string) => string,
): LineFormat => ({
  extension,
  header: "",
  line: ({ index, entry }, origin) =>
    `${tell(parseEntry(entry) ?? unreadable(index, origin), index, origin)}\n`,
});

/** Stands for bytes that are not one of our entries. It says that they exist, and where. */
const unreadable = (index: number, origin: string): LoggedEntry => ({
  eventId: placeId(index, origin),
  occurredAtMs: 0,
  tenant: nilId(),
  actor: { kind: "system", id: "unknown" },
  action: "entry.unreadable",
  class: "E",
  resource: { type: "entry", id: String(index) },
  outcome: "failed",
  reason: "unreadable",
});

/**
 * Returns an id for an entry that has none: a UUID of version 8 (RFC 9562 section 5.8) from the
 * SHA-256 of its place. Receivers keep one record for each id.
 */
function placeId(index: number, origin: string): string {
  const hex = hash("sha256", `${origin} ${index}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const fhir = telling("fhir.ndjson", (...given) =>
  onOneLine(JSON.stringify(auditEventOf(...given))),
);
const ocsf = telling("ocsf.ndjson", (...given) => onOneLine(JSON.stringify(ocsfEventOf(...given))));
const cef = telling("cef", cefLineOf);

export const lineFormats = { jsonl, csv, fhir, ocsf, cef } as const;
export type LineFormatName = keyof typeof lineFormats;
export const lineFormatNames = Object.keys(lineFormats) as LineFormatName[];
