/** Retention schedules, as officers save them, and records that have become old. */
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { TestDevice } from "./device.ts";
import type { TestServer } from "./server.ts";

const DAY_MS = 86_400_000;

/** Makes the messages of conversations older, as the database has them. They cannot be opened any more. */
export async function age(
  { database: { owner } }: Pick<TestServer, "database">,
  conversations: readonly ConversationId[],
  days: number,
): Promise<void> {
  await owner.query("select sealdesk.ensure_partitions(now() - $1 * interval '1 day')", [days]);
  // A marker of a message that came in the next month stays where it is.
  for (const [table, which] of [
    ["packets", "true"],
    ["events", "kind = 1"],
  ])
    await owner.query(
      `update sealdesk.${table} set received_at_ms = received_at_ms - $2::int8
       where ${which} and (conversation, seq) in (
         select conversation, seq from sealdesk.events where conversation = any($1) and kind = 1)`,
      [conversations, days * DAY_MS],
    );
}

/** Saves a schedule. */
export const save = (device: TestDevice, rules: readonly object[]) =>
  device.request("POST", "/v1/retention/versions", { body: { rules, reason: "a test" } });

/** Saves a schedule with two people. */
export async function put(
  saving: TestDevice,
  approving: TestDevice,
  rules: readonly object[],
): Promise<void> {
  const { body } = await save(saving, rules);
  const { id, hash } = body.approval;
  const approved = await approving.request("POST", `/v1/approvals/${id}/approval`, {
    body: { hash },
  });
  expect(approved.body).toEqual({ waitsFor: 0 });
}
