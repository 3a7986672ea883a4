import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import { cefLineOf } from "./cef.ts";
import { parseEntry, type LoggedEntry } from "./entry-filter.ts";
import { auditEventOf } from "./fhir/audit-event.ts";
import { ocsfEventOf } from "./ocsf.ts";
import type { IndexedEntry } from "./read-pages.ts";

/** A format of one line an entry. */
export interface LineFormat {
  /** What the file's name ends with. */
  readonly extension: string;
  readonly header: string;
  /** @param origin the log's name */
  readonly line: (entry: IndexedEntry, origin: string) => string;
}

/** The entry as it is hashed, with its index in front: the hash can be computed from `entry`. */
const jsonl = {
  extension: "jsonl",
  header: "",
  line: ({ index, entry }) => {
    const text = fromUtf8(entry);
    // The operator's log holds checkpoints, which are no JSON.
    return `{"index":${index},"entry":${text.startsWith("{") ? text : JSON.stringify(text)}}\n`;
  },
} satisfies LineFormat;

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

/** RFC 4180. What a spreadsheet would take for a formula is made text. */
const csv: LineFormat = {
  extension: "csv",
  header: `${columns.join(",")}\r\n`,
  line: ({ index, entry: bytes }) => {
    const entry = parseEntry(bytes);
    const row: Record<(typeof columns)[number], string | number | undefined> = {
      index,
      event_id: entry.eventId,
      occurred_at: new Date(entry.occurredAtMs).toISOString(),
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

function csvCell(value: string | number | undefined): string {
  const text = value === undefined ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A format that tells of each entry by itself. */
const telling = (
  extension: string,
  tell: (entry: LoggedEntry, index: number, origin: string) => string,
): LineFormat => ({
  extension,
  header: "",
  line: ({ index, entry }, origin) => `${tell(parseEntry(entry), index, origin)}\n`,
});

const fhir = telling("fhir.ndjson", (...given) => JSON.stringify(auditEventOf(...given)));
const ocsf = telling("ocsf.ndjson", (...given) => JSON.stringify(ocsfEventOf(...given)));
const cef = telling("cef", cefLineOf);

export const lineFormats = { jsonl, csv, fhir, ocsf, cef } as const;
export type LineFormatName = keyof typeof lineFormats;
