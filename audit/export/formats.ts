import { nilUuid } from "../../crypto/wire/event.ts";
import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import { toBase64 } from "../verify/base64.ts";
import { cefLineOf } from "./cef.ts";
import { parseEntry, type LoggedEntry } from "./entry-filter.ts";
import { auditEventOf } from "./fhir/audit-event.ts";
import { ocsfEventOf } from "./ocsf.ts";
import type { IndexedEntry } from "./read-pages.ts";

/** A format with one line for each entry. */
export interface LineFormat {
  /** The extension of the file's name. */
  readonly extension: string;
  readonly header: string;
  /** @param origin the log's name */
  readonly line: (entry: IndexedEntry, origin: string) => string;
}

/**
 * The entry as it was hashed, with its index in front, so you can compute the hash from `entry`. An
 * entry that is not in our form is written as a string or in base64, so it cannot pass for a line
 * of its own.
 */
const jsonl: LineFormat = {
  extension: "jsonl",
  header: "",
  line: ({ index, entry }) => `{"index":${index},${jsonOf(entry)}}\n`,
};

function jsonOf(entry: Uint8Array): string {
  try {
    const text = fromUtf8(entry);
    // The operator's log holds checkpoints, which are not JSON.
    return `"entry":${isOneLineOfJson(text) ? text : JSON.stringify(text)}`;
  } catch {
    return `"base64":"${toBase64(entry)}"`;
  }
}

function isOneLineOfJson(text: string): boolean {
  if (!text.startsWith("{") || /[\r\n]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

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
      details: entry.details === undefined ? undefined : JSON.stringify(entry.details),
    };
    return `${columns.map((column) => csvCell(row[column])).join(",")}\r\n`;
  },
};

/** Not one of our entries. Its bytes are in the last column. */
const foreignRow = (index: number, bytes: Uint8Array): string =>
  `${columns.map((column) => (column === "index" ? index : column === "details" ? `base64:${toBase64(bytes)}` : "")).join(",")}\r\n`;

function timeOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

function csvCell(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A format that describes each entry separately. */
const telling = (
  extension: string,
  tell: (entry: LoggedEntry, index: number, origin: string) => string,
): LineFormat => ({
  extension,
  header: "",
  line: ({ index, entry }, origin) =>
    `${tell(parseEntry(entry) ?? unreadable(index), index, origin)}\n`,
});

/** Stands for bytes that are not one of our entries. It says that they exist, and where. */
const unreadable = (index: number): LoggedEntry => ({
  eventId: nilUuid,
  occurredAtMs: 0,
  tenant: nilUuid,
  actor: { kind: "system", id: "unknown" },
  action: "entry.unreadable",
  class: "E",
  resource: { type: "entry", id: String(index) },
  outcome: "failed",
  reason: "unreadable",
});

const fhir = telling("fhir.ndjson", (...given) => JSON.stringify(auditEventOf(...given)));
const ocsf = telling("ocsf.ndjson", (...given) => JSON.stringify(ocsfEventOf(...given)));
const cef = telling("cef", cefLineOf);

export const lineFormats = { jsonl, csv, fhir, ocsf, cef } as const;
export type LineFormatName = keyof typeof lineFormats;
export const lineFormatNames = Object.keys(lineFormats) as LineFormatName[];
