import { ModerationError } from "../detect/moderation-error.ts";

/** A row of a file by the names of its columns. */
export type Row = Readonly<Record<string, string>>;

/**
 * Reads comma-separated values (RFC 4180), with a line of column names. Lines may end with LF or CRLF.
 * @param columns which must be there
 * @throws ModerationError invalid_examples: a column is missing, or a row has more or fewer fields than the first line
 */
export function parseCsv(text: string, columns: readonly string[]): readonly Row[] {
  const [header = [], ...records] = recordsOf(text.replace(/^\ufeff/, ""));
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0)
    throw invalid(
      `The file has no column ${missing.join(", ")}. Its first line must name the columns.`,
    );
  return records.map((fields, at) => {
    if (fields.length !== header.length)
      throw invalid(`Record ${at + 1} has ${fields.length} fields instead of ${header.length}.`);
    return Object.fromEntries(header.map((column, field) => [column, fields[field] ?? ""]));
  });
}

function recordsOf(text: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  let fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    const { value, end } = text.charAt(at) === '"' ? quoted(text, at) : bare(text, at);
    fields.push(value);
    at = end;
    if (text.charAt(at) === ",") {
      at++;
      if (at === text.length) fields.push("");
      continue;
    }
    if (text.charAt(at) === "\r") at++;
    if (text.charAt(at) === "\n") at++;
    if (fields.length > 1 || fields[0] !== "") records.push(fields);
    fields = [];
  }
  if (fields.length > 0) records.push(fields);
  return records;
}

function bare(text: string, start: number): { readonly value: string; readonly end: number } {
  let end = start;
  while (end < text.length && !",\r\n".includes(text.charAt(end))) end++;
  return { value: text.slice(start, end), end };
}

function quoted(text: string, start: number): { readonly value: string; readonly end: number } {
  const parts: string[] = [];
  let from = start + 1;
  for (;;) {
    const close = text.indexOf('"', from);
    if (close < 0) throw invalid("A quotation mark is not closed.");
    parts.push(text.slice(from, close));
    if (text.charAt(close + 1) !== '"') {
      const end = close + 1;
      if (end < text.length && !",\r\n".includes(text.charAt(end)))
        throw invalid("Something stands between a closing quotation mark and the next comma.");
      return { value: parts.join('"'), end };
    }
    from = close + 2;
  }
}

const invalid = (message: string): ModerationError =>
  new ModerationError("invalid_examples", message);
