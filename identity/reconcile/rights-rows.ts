import { z } from "zod";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import type { RowSource } from "./row-source.ts";

const placeOf = {
  restriction: (id: string) => `sealdesk.restricted_conversations of the case ${id}`,
  match: (id: string) => `sealdesk.potential_matches ${id}`,
  consumer: (name: string) => `sealdesk.erasure_consumers ${name}`,
} as const;

const restricted = z.looseObject({ conversations: z.array(z.string()) });
const asked = z.looseObject({ match: z.string() });
const answered = z.looseObject({ hold: z.string(), answer: z.string() });

const matchWords = (hold: string, answer: string | null): readonly string[] => [
  `hold ${hold}`,
  answer ?? "waits for an answer",
];
const CONSUMER: readonly string[] = ["is told of erasures"];

/** Restricted conversations, questions to custodians, and the systems that are told of erasures. */
export const rightsRows: RowSource = {
  actions: [
    "restriction.place",
    "restriction.lift",
    "erasure.restrict",
    "hold.ask_custodian",
    "hold.answer_match",
    "erasure.add_consumer",
    "erasure.remove_consumer",
  ],
  recorded({ action, resource, details }, before) {
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
        return data === undefined ? [] : [{ place, values: [...values].toSorted() }];
      }
      case "restriction.lift":
        return [{ place: placeOf.restriction(resource.id), values: [] }];
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
