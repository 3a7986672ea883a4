import { z } from "zod";
import type { RowSource } from "../../identity/reconcile/row-source.ts";

const placeOf = (conversation: string, fromMs: number): string =>
  `sealdesk.classifications ${conversation} from ${fromMs}`;

const labelDetails = z.looseObject({
  dataClass: z.string().nullish(),
  team: z.string().nullish(),
  region: z.string().nullish(),
});
const details = labelDetails.extend({ fromMs: z.number() });

const wordsOf = (labels: z.output<typeof labelDetails>): readonly string[] => [
  `class ${labels.dataClass ?? "none"}`,
  `team ${labels.team ?? "none"}`,
  `region ${labels.region ?? "none"}`,
];

const ROWS = `
  select conversation, from_ms as "fromMs", data_class as "dataClass", team, region from classifications`;

interface Row extends z.output<typeof details> {
  readonly conversation: string;
}

/**
 * What the records of conversations are, which decides how long they are kept. A conversation can have many, so a command
 * compares them, and no node.
 */
export const classificationRows: RowSource = {
  actions: ["retention.classify"],
  recorded(entry) {
    const { data } = details.safeParse(entry.details);
    if (data === undefined) return [];
    return [{ place: placeOf(entry.resource.id, data.fromMs), values: wordsOf(data) }];
  },
  async read(client) {
    const { rows } = await client.query<Row>(ROWS);
    return new Map(
      rows.map((row) => [
        placeOf(row.conversation, row.fromMs),
        { words: wordsOf(row), createdAtMs: row.fromMs },
      ]),
    );
  },
};
