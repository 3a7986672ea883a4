import { z } from "zod";
import { isId, type ConsentId, type GrantId } from "../../crypto/wire/ids.ts";
import type { RowSource } from "../../identity/reconcile/row-source.ts";

const grantDetails = z.looseObject({
  grant: z.custom<GrantId>(isId),
  fromSeq: z.number(),
  toSeq: z.number(),
});
const consentDetails = z.looseObject({ consent: z.custom<ConsentId>(isId), record: z.string() });

interface Row {
  readonly place: string;
  readonly words: readonly string[];
}

const STORED = `
  select 'sealdesk.history_grants ' || id as place, array[conversation::text, recipient::text,
    'events ' || from_seq || ' to ' || to_seq] as words
  from history_grants
  union all
  select 'sealdesk.consents ' || id, array[coalesce(conversation, user_id)::text, user_id::text, state,
    encode(digest, 'hex')] from consents`;

/**
 * The grants of history and the consents to it. There may be too many for the memory of a node, so a command compares
 * them, and no node.
 */
export const grantRows: RowSource = {
  actions: ["history.grant", "consent.given", "consent.withdrawn"],
  recorded({ action, details, resource, subject }) {
    const said = (place: string, ...more: readonly string[]) => [
      { place, values: [resource.id, `${subject}`, ...more] },
    ];
    if (action === "history.grant") {
      const { data } = grantDetails.safeParse(details);
      const range = `events ${data?.fromSeq} to ${data?.toSeq}`;
      return data === undefined ? [] : said(`sealdesk.history_grants ${data.grant}`, range);
    }
    const { data } = consentDetails.safeParse(details);
    const state = action === "consent.given" ? "given" : "withdrawn";
    return data === undefined ? [] : said(`sealdesk.consents ${data.consent}`, state, data.record);
  },
  async read(client) {
    const { rows } = await client.query<Row>(STORED);
    // The rows do not say when they were made. After entries were pruned, those that no entry names are left out.
    return new Map(rows.map(({ place, words }) => [place, { words, createdAtMs: -Infinity }]));
  },
};
