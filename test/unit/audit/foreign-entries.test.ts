import { lineFormats } from "../../../audit/export/formats.ts";

const bytes = new TextEncoder().encode("not one of our entries");
const ids = {
  fhir: (line: string) => (JSON.parse(line) as { id: string }).id,
  ocsf: (line: string) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid,
  cef: (line: string) => /externalId=(\S+)/.exec(line)?.[1] ?? "",
} as const;

test.each(["fhir", "ocsf", "cef"] as const)(
  "in %s, bytes that are not an entry have an id of their own, which stays the same",
  (format) => {
    const idAt = (index: number, origin: string) =>
      ids[format](lineFormats[format].line({ index, entry: bytes }, origin));
    const all = [
      idAt(7, "audit.example/a"),
      idAt(8, "audit.example/a"),
      idAt(7, "audit.example/b"),
    ];
    expect(new Set(all).size).toBe(3);
    for (const id of all)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
    expect(idAt(7, "audit.example/a")).toBe(all[0]);
  },
);
