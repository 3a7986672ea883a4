import { parseEntry } from "../export/entry-filter.ts";
import { sinkLine } from "./sink-line.ts";
import type { DeliveredEntry } from "./sink.ts";

/** RFC 5424 section 6.2.1: facility 13, "log audit", and severity 6, "informational". */
const PRIORITY = 13 * 8 + 6;
/** RFC 5424 section 6.2.7: printable ASCII, at most 32 characters. */
const MESSAGE_ID = /^[\x21-\x7e]{1,32}$/;

/**
 * Returns a syslog message (RFC 5424) with an entry as JSON, framed by its length as RFC 6587 section 3.4.1
 * says. The message's id is the entry's action. The host is left to the receiver.
 */
export function syslogFrame(delivered: DeliveredEntry): Uint8Array {
  const entry = parseEntry(delivered.entry);
  const time = entry === undefined ? "-" : new Date(entry.occurredAtMs).toISOString();
  const action = entry !== undefined && MESSAGE_ID.test(entry.action) ? entry.action : "-";
  const text = `<${PRIORITY}>1 ${time} - sealdesk - ${action} - ${sinkLine(delivered)}`;
  const message = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}
