import { appendEntry } from "../../audit/append-entry.ts";
import { endSessionsOf } from "../../identity/tokens/end-sessions.ts";
import { fenceConversations } from "../../messaging/log/fence-conversations.ts";
import type { Step } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";
import { entryBy } from "./entry-by.ts";
import { readErasure } from "./erasure-rows.ts";

/** Refuses whatever the person would send or begin from now on, and ends their sessions. */
export const fence: Step = async ({ client, tenant, found, nowMs }) => {
  const { subject } = await readErasure(client, found.id);
  await client.query("update users set fenced_at_ms = coalesce(fenced_at_ms, $2) where id = $1", [
    subject,
    nowMs,
  ]);
  const fenced = await fenceConversations(client, tenant, { subject }, nowMs);
  await endSessionsOf(client, subject, nowMs);
  await client.query(
    `update erasures set fenced_at_ms = $2, fenced_conversations = $3, fenced_seqs = $4 where case_id = $1`,
    [found.id, nowMs, fenced.map(({ conversation }) => conversation), fenced.map(({ seq }) => seq)],
  );
  await appendEntry(client, {
    ...entryBy(tenant, subject, nowMs),
    action: "erasure.fence",
    resource: ofCase(found.id),
    details: { conversations: fenced.map(({ conversation, seq }) => [conversation, seq]) },
  });
  const { windowMs } = await readErasure(client, found.id);
  return { to: "contestable", wakeAtMs: nowMs + windowMs };
};
