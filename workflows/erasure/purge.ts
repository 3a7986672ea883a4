import { appendEntry } from "../../audit/append-entry.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { AttachmentId, ConversationId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import { withinKeystore } from "../../keys/at-rest/destroy.ts";
import { destroyedKeyIds } from "../../keys/at-rest/list-scopes.ts";
import { removeRow } from "../../messaging/attachments/sweep.ts";
import { restAfterMs } from "../cases/rest.ts";
import { CasePending, type Step } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";
import { entryBy, ERASURES } from "./entry-by.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import { readErasure, recordItems, recordStore } from "./erasure-rows.ts";
import { countRecords } from "./record-erased.ts";

/** The messages of one step. */
const MESSAGES = 20_000;

/**
 * Counts the messages, removes the sealed bytes of those whose keys were destroyed, and marks the attachments. It follows
 * itself until no bytes are left, and rests in between.
 * @param most the messages of one step; 20,000 by default
 */
export const purge =
  ({ keystore, isApart }: ErasureDeps, most = MESSAGES): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { subject, conversations } = await readErasure(client, found.id);
    const where = { tenant, keystore: isApart ? keystore : undefined };
    const keyIds = await withinKeystore(client, where, (inKeystore) =>
      destroyedKeyIds(inKeystore, subject, conversations),
    );
    const { rows } = await client.query<{ messages: number }>(
      "select sealdesk.purge_sealed($1, $2, $3) as messages",
      [uuidArray(conversations), keyIds, most],
    );
    const messages = rows[0]?.messages ?? 0;
    await appendEntry(client, {
      ...entryBy(tenant, subject, nowMs),
      action: "erasure.purge",
      resource: ofCase(found.id),
      details: { messages },
    });
    if (messages >= most) {
      const endedAtMs = await readDatabaseClock(client);
      return { to: "purging", wakeAtMs: endedAtMs + restAfterMs(endedAtMs - nowMs) };
    }
    await countRecords(client, found.id);
    await client.query(
      `update attachments set state = 'deleting', erased_by = $3
       where conversation = any($1) and decode(replace(key_id::text, '-', ''), 'hex') = any($2)`,
      [uuidArray(conversations), keyIds, found.id],
    );
    await recordStore(client, tenant, found, "database", nowMs);
    return { to: "removing_files" };
  };

/** Removes the stored bytes of the attachments that are marked. While the store does not answer, the case waits for it. */
export const removeFiles =
  ({ attachments: { store, digests }, nodesForgetMs }: ErasureDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { conversations } = await readErasure(client, found.id);
    const { rows } = await client.query<{ id: AttachmentId; conversation: ConversationId }>(
      "select id, conversation from attachments where conversation = any($1) and erased_by = $2",
      [uuidArray(conversations), found.id],
    );
    const last = new Map<ConversationId, { entry: number; records: number }>();
    for (const { id, conversation } of rows) {
      try {
        await store.delete(id);
      } catch (cause) {
        throw new CasePending("attachments", { cause });
      }
      digests.forget({ tenant, id });
      const by = { actor: ERASURES, occurredAtMs: nowMs };
      const entry = await removeRow(client, tenant, { id, conversation, erasedBy: found.id }, by);
      if (entry === undefined) continue;
      last.set(conversation, { entry, records: (last.get(conversation)?.records ?? 0) + 1 });
    }
    const items = [...last].map(([item, { entry, records }]) => ({
      kind: "attachments" as const,
      item,
      period: -1,
      outcome: "erased" as const,
      records,
      keys: 0,
      atMs: nowMs,
      entry,
    }));
    await recordItems(client, tenant, found.id, items);
    await recordStore(client, tenant, found, "attachments", nowMs);
    return { to: "forgetting", wakeAtMs: nowMs + nodesForgetMs };
  };
