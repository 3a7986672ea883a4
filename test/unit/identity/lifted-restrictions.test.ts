import type { LoggedEntry } from "../../../audit/export/entry-filter.ts";
import { RecordedRows } from "../../../identity/reconcile/recorded-rows.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const [restriction, later] = [newId(), newId()];
const END = `sealdesk.restrictions (announced end) ${restriction}`;
const done = (
  action: string,
  details: NonNullable<LoggedEntry["details"]>,
  more: { readonly id?: string; readonly occurredAtMs?: number } = {},
): LoggedEntry => ({
  action,
  actor: { kind: "system", id: "cases" },
  class: "U",
  details,
  eventId: newId(),
  occurredAtMs: more.occurredAtMs ?? 1_000,
  outcome: "success",
  resource: { type: "case", id: more.id ?? restriction },
  tenant: newId(),
});
const place = (...conversations: string[]) => done("restriction.place", { conversations });
const announce = done("restriction.announce_lifting", { liftsAtMs: 1_000 });
const lift = (occurredAtMs: number) => done("restriction.lift", {}, { occurredAtMs });

/** What the log says about the end of the restriction after these entries. */
function endAfter(...entries: readonly LoggedEntry[]): readonly string[] | undefined {
  const rows = new RecordedRows();
  for (const [index, entry] of entries.entries()) rows.add(entry, index);
  return rows.get(END)?.values;
}

test("a restriction that was lifted as announced keeps its announced end", () => {
  expect(endAfter(place("a"), announce, lift(1_000))).toEqual(["at 1000"]);
});

test.each([
  ["without an announcement", [place("a", "b"), lift(1_000)]],
  ["before the announced end", [place("a", "b"), announce, lift(999)]],
])("a restriction that was lifted %s is reported", (_when, entries) => {
  const again = (...conversations: string[]) =>
    endAfter(...entries, done("restriction.place", { conversations }, { id: later }));
  const said = [expect.stringContaining("that it was lifted"), "a", "b"];
  expect(endAfter(...entries)).toEqual(said);
  expect(again("a")).toEqual(said);
  expect(again("a", "b", "c")).toEqual([]);
});

test("nothing is said about a restriction whose beginning was pruned", () => {
  expect(endAfter(lift(1_000))).toBeUndefined();
});
