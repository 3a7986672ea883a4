import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import type { RecordedRow, RowSource } from "./row-source.ts";

const ENDS = "sealdesk.restrictions (announced end)";
const placeOf = {
  restriction: (id: string) => `sealdesk.restricted_conversations of the case ${id}`,
  end: (id: string) => `${ENDS} ${id}`,
  match: (id: string) => `sealdesk.potential_matches ${id}`,
  consumer: (name: string) => `sealdesk.erasure_consumers ${name}`,
} as const;

const restricted = z.looseObject({ conversations: z.array(z.string()) });
const announced = z.looseObject({ liftsAtMs: z.number() });
const asked = z.looseObject({ match: z.string() });
const answered = z.looseObject({ hold: z.string(), answer: z.string() });

const matchWords = (hold: string, answer: string | null): readonly string[] => [
  `hold ${hold}`,
  answer ?? "waits for an answer",
];
const CONSUMER: readonly string[] = ["is told of erasures"];

/** What an entry says that lifts a restriction which no entry let end then. */
const UNANNOUNCED = "that it was lifted, and none that it was to end by then";
const endWords = (liftsAtMs: number): readonly string[] => [`at ${liftsAtMs}`];

type Before = Parameters<RowSource["recorded"]>[1];

/**
 * A lifted restriction covers nothing. The server lifts what the database says, so the log must have its announcement. If
 * the entry that placed it was pruned, so may be that one.
 */
function liftedRows({ resource, occurredAtMs }: LoggedEntry, before: Before): RecordedRow[] {
  const [place, end] = [placeOf.restriction(resource.id), placeOf.end(resource.id)];
  const covered = before.get(place)?.values ?? [];
  const announcedFor = Number(before.get(end)?.values[0]?.replace("at ", "") ?? Infinity);
  const isAnnounced = announcedFor <= occurredAtMs || covered.length === 0;
  const lifted = { place, values: [] };
  return isAnnounced ? [lifted] : [lifted, { place: end, values: [UNANNOUNCED, ...covered] }];
}

/** Restrictions that were lifted without an announcement are put right if the same conversations are restricted again. */
function restoredEnds(conversations: readonly string[], before: Before): RecordedRow[] {
  return [...before].flatMap(
    ([
      place,
      {
        values: [word, ...covered],
      },
    ]) =>
      word === UNANNOUNCED &&
      place.startsWith(ENDS) &&
      covered.every((each) => conversations.includes(each))
        ? [{ place, values: [] }]
        : [],
  );
}

/** Restricted conversations, the ends of restrictions, questions to custodians, and the systems that are told of erasures. */
export const rightsRows: RowSource = {
  actions: [
    "restriction.place",
    "restriction.announce_lifting",
    "restriction.lift",
    "erasure.restrict",
    "hold.ask_custodian",
    "hold.answer_match",
    "erasure.add_consumer",
    "erasure.remove_consumer",
  ],
  recorded(entry, before) {
    const { action, resource, details } = entry;
    switch (action) {
      case "restriction.place":
      case "erasure.restrict": {
        const place = placeOf.restriction(resource.id);
        // An erasure restricts what is held, and later what else is.
        const { data } = restricted.safeParse(details);
        const values = new Set([
          ...(before.get(place)?.values ?? []),
          ...(data?.conversations ?? []),
        ]);
        if (data === undefined) return [];
        return [
          { place, values: [...values].toSorted() },
          ...restoredEnds(data.conversations, before),
        ];
      }
      case "restriction.announce_lifting": {
        const { data } = announced.safeParse(details);
        return data === undefined
          ? []
          : [{ place: placeOf.end(resource.id), values: endWords(data.liftsAtMs) }];
      }
      case "restriction.lift":
        return liftedRows(entry, before);
      case "hold.ask_custodian": {
        const { data } = asked.safeParse(details);
        return data === undefined
          ? []
          : [{ place: placeOf.match(data.match), values: matchWords(resource.id, null) }];
      }
      case "hold.answer_match": {
        const { data } = answered.safeParse(details);
        return data === undefined
          ? []
          : [{ place: placeOf.match(resource.id), values: matchWords(data.hold, data.answer) }];
      }
      case "erasure.add_consumer":
        return [{ place: placeOf.consumer(resource.id), values: CONSUMER }];
      case "erasure.remove_consumer":
        return [{ place: placeOf.consumer(resource.id), values: [] }];
      default:
        return [];
    }
  },
  read,
};

const RESTRICTED = `
  select case_id as id, min(since_ms)::float8 as "createdAtMs", array_agg(conversation::text) as conversations
  from restricted_conversations group by case_id`;
const ENDING = `
  select r.case_id as id, r.lifts_at_ms as "liftsAtMs", c.opened_at_ms as "createdAtMs"
  from restrictions r join cases c on c.tenant = r.tenant and c.id = r.case_id
  where r.lifts_at_ms is not null`;
const MATCHES = `
  select id, hold, answer, asked_at_ms as "createdAtMs" from potential_matches`;
const CONSUMERS = `select name, added_at_ms as "createdAtMs" from erasure_consumers`;

interface Created {
  readonly createdAtMs: number;
}

async function read(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = new Map<string, StoredRow>();
  const restrictions = await client.query<Created & { id: string; conversations: string[] }>(
    RESTRICTED,
  );
  for (const { id, createdAtMs, conversations } of restrictions.rows)
    rows.set(placeOf.restriction(id), { words: conversations.toSorted(), createdAtMs });
  const ends = await client.query<Created & { id: string; liftsAtMs: number }>(ENDING);
  for (const { id, createdAtMs, liftsAtMs } of ends.rows)
    rows.set(placeOf.end(id), { words: endWords(liftsAtMs), createdAtMs });
  const matches = await client.query<Created & { id: string; hold: string; answer: string | null }>(
    MATCHES,
  );
  for (const { id, hold, answer, createdAtMs } of matches.rows)
    rows.set(placeOf.match(id), { words: matchWords(hold, answer), createdAtMs });
  const consumers = await client.query<Created & { name: string }>(CONSUMERS);
  for (const { name, createdAtMs } of consumers.rows)
    rows.set(placeOf.consumer(name), { words: CONSUMER, createdAtMs });
  return rows;
}
