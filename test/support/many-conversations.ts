import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { TestServer } from "./server.ts";

/** The tables that hold a conversation, with the column that names it. */
const tables = {
  conversations: "id",
  members: "conversation",
  member_devices: "conversation",
  epochs: "conversation",
  events: "conversation",
} as const;

/**
 * Inserts `count` copies of a conversation into the database, as if its creator had started it that
 * often. The copies have new ids.
 */
export async function copyConversation(
  { database }: Pick<TestServer, "database">,
  original: ConversationId,
  count: number,
): Promise<void> {
  // One connection, because the temporary table is its own.
  const owner = await database.owner.connect();
  await owner.query(
    "create temp table copies as select gen_random_uuid() as id from generate_series(1, $1::int)",
    [count],
  );
  for (const [table, key] of Object.entries(tables)) {
    const { rows } = await owner.query<{ name: string }>(
      `select column_name as name from information_schema.columns
       where table_schema = 'sealdesk' and table_name = $1 order by ordinal_position`,
      [table],
    );
    const columns = rows.map(({ name }) => name);
    const values = columns.map((name) => (name === key ? "copies.id" : `o.${name}`));
    await owner.query(
      `insert into sealdesk.${table} (${columns.join(", ")})
       select ${values.join(", ")} from sealdesk.${table} o cross join copies where o.${key} = $1`,
      [original],
    );
  }
  await owner.query("drop table copies");
  // The planner knows what the autovacuum of a server that runs would tell it.
  await owner.query("analyze sealdesk.member_devices, sealdesk.conversations, sealdesk.events");
  owner.release();
}
