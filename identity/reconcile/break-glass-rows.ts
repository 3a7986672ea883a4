import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import { actingName, type RecordedRow, type RowSource } from "./row-source.ts";

/** Access in an emergency: to what, for whom and until when, and what an officer found. */
export const breakGlassRows: RowSource = {
  actions: ["break_glass.request", "break_glass.approve", "break_glass.end", "break_glass.review"],
  recorded(entry, before) {
    const row = recordedAccess(entry, (place) => before.get(place)?.values);
    return row === undefined ? [] : [row];
  },
  read: readAccessRows,
};

const placeOf = (id: string): string => `sealdesk.break_glass ${id}`;

interface AskedAccess {
  readonly conversation: string;
  readonly requester: string | undefined;
  readonly minutes: number;
}

const askedWords = ({ conversation, requester, minutes }: AskedAccess): readonly string[] => [
  `conversation ${conversation}`,
  `asked by ${requester}`,
  `${minutes} minutes`,
];
const grantedWord = (untilMs: number): string => `until ${untilMs}`;
const ENDED = "ended";
const reviewedWord = (finding: string, by: string): string => `${finding}, says ${by}`;

const requestDetails = z.looseObject({ request: z.string(), minutes: z.number() });
const grantDetails = z.looseObject({
  conversation: z.string(),
  minutes: z.number(),
  grantedUntilMs: z.number(),
});
const reviewDetails = z.looseObject({ finding: z.string() });

function recordedAccess(
  entry: LoggedEntry,
  before: (place: string) => readonly string[] | undefined,
): RecordedRow | undefined {
  const { action, resource, subject, details } = entry;
  const add = (word: string): RecordedRow | undefined => {
    const place = placeOf(resource.id);
    const words = before(place);
    // Undefined if the entries that said what it is were pruned.
    return words && { place, values: [...words, word] };
  };
  switch (action) {
    case "break_glass.request": {
      const { data } = requestDetails.safeParse(details);
      if (data === undefined) return undefined;
      const asked = { ...data, conversation: resource.id, requester: actingName(entry) };
      return { place: placeOf(data.request), values: askedWords(asked) };
    }
    case "break_glass.approve": {
      const { data } = grantDetails.safeParse(details);
      if (data === undefined) return undefined;
      const words = askedWords({ ...data, requester: subject });
      return { place: placeOf(resource.id), values: [...words, grantedWord(data.grantedUntilMs)] };
    }
    case "break_glass.end":
      return add(ENDED);
    case "break_glass.review": {
      const { data } = reviewDetails.safeParse(details);
      return data && add(reviewedWord(data.finding, actingName(entry)));
    }
    default:
      return undefined;
  }
}

const ROWS = `
  select b.id, b.conversation, b.requester, b.minutes, b.granted_until_ms as "grantedUntilMs",
    b.ended_at_ms is not null as "isEnded", b.finding, b.reviewed_by as "reviewedBy",
    a.requested_at_ms as "createdAtMs"
  from break_glass b join approvals a on a.tenant = b.tenant and a.id = b.id`;

interface Row extends AskedAccess {
  readonly id: string;
  readonly grantedUntilMs: number | null;
  readonly isEnded: boolean;
  readonly finding: string | null;
  readonly reviewedBy: string | null;
  readonly createdAtMs: number;
}

async function readAccessRows(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const { rows } = await client.query<Row>(ROWS);
  return new Map(
    rows.map((row) => {
      const { id, grantedUntilMs, isEnded, finding, reviewedBy, createdAtMs } = row;
      const words = [
        ...askedWords(row),
        ...(grantedUntilMs === null ? [] : [grantedWord(grantedUntilMs)]),
        ...(isEnded ? [ENDED] : []),
        ...(finding === null ? [] : [reviewedWord(finding, reviewedBy ?? "nobody")]),
      ];
      return [placeOf(id), { words, createdAtMs }];
    }),
  );
}
