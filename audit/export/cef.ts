/** Entries as ArcSight Common Event Format, version 0, without a syslog header. */
import type { LoggedEntry } from "./entry-filter.ts";

/** The version of the entry format, not of the program. SIEM rules depend on it. */
const ENTRY_VERSION = "1";

/** The longest `msg` that the format permits, in bytes of UTF-8, its escapes included. */
const LONGEST_MESSAGE_BYTES = 1_023;

const severities = { success: 2, refused: 6, failed: 7, impaired: 9 } as const;

/**
 * One line, without a line end.
 * @param origin the log's name, which is also the server's name
 */
export function cefLineOf(entry: LoggedEntry, index: number, origin: string): string {
  const { actor, resource, details } = entry;
  const header = [
    "CEF:0",
    ...["Sealdesk", "Sealdesk", ENTRY_VERSION, entry.action, nameOf(entry)].map(cefHeader),
    severities[entry.outcome],
  ].join("|");
  const extension: Record<string, string | number | undefined> = {
    rt: entry.occurredAtMs,
    externalId: entry.eventId,
    cat: entry.class,
    act: entry.action,
    outcome: entry.outcome,
    reason: entry.reason,
    suid: actor.id,
    spriv: actor.role,
    suser: actor.person?.name,
    duid: entry.subject,
    dvchost: origin,
    cn1: index,
    cn1Label: "index",
    ...custom(1, "resourceType", resource.type),
    ...custom(2, "resource", resource.id),
    ...custom(3, "device", actor.device),
    ...custom(4, "session", entry.session),
    ...custom(5, "request", entry.requestId),
    ...custom(6, "tenant", entry.tenant),
    ...flexible(1, "method", entry.method),
    ...flexible(2, "decision", entry.decision && JSON.stringify(entry.decision)),
    msg: messageOf(details, actor.person),
  };
  const pairs = Object.entries(extension).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${cefValue(String(value))}`],
  );
  return `${header}|${pairs.join(" ")}`;
}

/**
 * The details, with the ticket and the reason of an operator, as JSON. A detail that does not fit is
 * left out whole, and `omittedDetails` says how many are. The entry with the index `cn1` has them.
 */
function messageOf(details: LoggedEntry["details"], person: LoggedEntry["actor"]["person"]) {
  const all = Object.entries({ ...(person !== undefined && { operator: person }), ...details });
  if (all.length === 0) return details === undefined ? undefined : "{}";
  const whole = JSON.stringify(Object.fromEntries(all));
  if (fits(whole)) return whole;
  const kept: [string, unknown][] = [];
  const text = () =>
    JSON.stringify({ ...Object.fromEntries(kept), omittedDetails: all.length - kept.length });
  for (const detail of all) {
    kept.push(detail);
    if (!fits(text())) kept.pop();
  }
  return text();
}

const fits = (message: string): boolean =>
  Buffer.byteLength(cefValue(message)) <= LONGEST_MESSAGE_BYTES;

const nameOf = ({ action, outcome }: LoggedEntry): string =>
  outcome === "success" ? action : `${action} ${outcome}`;

const custom = (number: number, label: string, value: string | undefined) =>
  value === undefined ? {} : { [`cs${number}`]: value, [`cs${number}Label`]: label };

const flexible = (number: number, label: string, value: string | undefined) =>
  value === undefined
    ? {}
    : { [`flexString${number}`]: value, [`flexString${number}Label`]: label };

/** Escapes pipes and backslashes. A header has no line ends and no control characters. */
export const cefHeader = (text: string): string =>
  withoutControls(text)
    .replace(/[\\|]/g, "\\$&")
    .replace(/[\r\n]+/g, " ");

/**
 * Escapes equals signs and backslashes, and writes line ends as `\n` and `\r`. The format has no
 * escape for other control characters: they become spaces.
 */
export const cefValue = (text: string): string =>
  withoutControls(text).replace(/[\\=]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r");

const withoutControls = (text: string): string =>
  text.replaceAll(/(?![\n\r])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu, " ");
