import type { Exported } from "./exported-message.ts";

/** The first line of the file. */
export const csvHeader =
  "conversation,sequence,time,kind,id,sender,role,revises,revision,text,file,not_captured\r\n";

/** Writes an event as a line of CSV (RFC 4180), in UTF-8. */
export function csvLine(event: Exported): string {
  const { conversation, seq, atMs, kind } = event;
  const first = [conversation, String(seq), new Date(atMs).toISOString()];
  switch (kind) {
    case "message": {
      const { id, from, about, text, file, missing } = event;
      const revised =
        about === undefined
          ? ["", ""]
          : [String(about.seq), about.counts ? about.as : `refused ${about.as}`];
      return line([
        ...first,
        kind,
        id,
        from?.user ?? "",
        from?.role ?? "",
        ...revised,
        text,
        file?.name ?? "",
        missing ?? "",
      ]);
    }
    case "change":
      return line([...first, event.change, "", event.subject, "", "", "", "", "", ""]);
    case "gap":
      return line([...first, kind, "", "", "", "", "", "", "", `${event.from}: ${event.reason}`]);
  }
}

const line = (fields: readonly string[]): string => `${fields.map(quoted).join(",")}\r\n`;

const quoted = (field: string): string =>
  /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
