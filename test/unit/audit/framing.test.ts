import { parse } from "csv-parse/sync";
import { lineFormatNames, lineFormats } from "../../../audit/export/formats.ts";
import { canonicalJson, type CanonicalValue } from "../../../crypto/wire/canonical-json.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { sampleEntries } from "../../support/audit-entries.ts";

// What ends a line for some reader, and what controls a terminal.
const ENDS = "\n\r\v\f\u0085\u2028\u2029";
const CONTROLS = "\u001b[2J\u009b2J\u202e\u2066\u200f\u0000\u007f";
const FORGED = `x\n\nid: 9\ndata: {}\n\n{"index":9}\r\nCEF:0|x\r9,forged${ENDS}${CONTROLS}`;

const forgedEntry = {
  ...sampleEntries.read,
  action: FORGED,
  actor: { kind: "user", id: FORGED, role: FORGED },
  resource: { type: FORGED, id: `=${FORGED}` },
  outcome: "refused",
  reason: FORGED,
  requestId: FORGED,
  method: FORGED,
  details: { [FORGED]: FORGED },
};
const bytes: Readonly<Record<string, Uint8Array>> = {
  "an entry whose fields hold line ends": utf8(canonicalJson(forgedEntry)),
  "JSON with line ends between its members": utf8('{"a":1,\n"b":2}'),
  "JSON with a raw line separator": utf8('{"b":"\u2028\u009b", "a":1}'),
  "text with line ends": utf8(FORGED),
  "invalid UTF-8": Uint8Array.of(0xff, 0x0a, 0xfe),
  "JSON without what formats need": utf8('{"actor":{},"resource":{}}'),
  "JSON with other types": utf8(
    '{"actor":{"id":1},"resource":{},"action":7,"occurredAtMs":"x","eventId":"e","outcome":"no"}',
  ),
};
const cases = lineFormatNames.flatMap((format) =>
  Object.entries(bytes).map(([name, entry]) => [format, name, entry] as const),
);

test.each(cases)("%s writes one record for %s", (format, _, entry) => {
  const line = lineFormats[format].line({ index: 4, entry }, "log.example");
  if (format === "csv") {
    const [record, ...more] = parse(line, { record_delimiter: "\r\n" });
    expect(more).toEqual([]);
    expect(record?.[0]).toBe("4");
    expect(record).toHaveLength(23);
    for (const cell of record ?? []) expect(cell).not.toMatch(/^\s*[=+\-@]/);
    return;
  }
  expect(line.endsWith("\n")).toBe(true);
  // eslint-disable-next-line no-control-regex
  expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\u2066]/);
});

test("canonical JSON restores the characters that jsonl escapes, so the leaf hash can be computed", () => {
  const entry = bytes["an entry whose fields hold line ends"] ?? new Uint8Array(0);
  const line = lineFormats.jsonl.line({ index: 4, entry }, "log.example");
  const parsed = (JSON.parse(line) as { entry: CanonicalValue }).entry;
  expect(utf8(canonicalJson(parsed))).toEqual(entry);
});
