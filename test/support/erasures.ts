import type { CaseId, ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { OPERATOR } from "../../audit/operator.ts";
import { beginErasure } from "../../workflows/erasure/begin-erasure.ts";
import type { Reply, TestDevice } from "./device.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { TestDatabase } from "./database.ts";
import { until } from "./until.ts";

export const LAW = "GDPR Article 17(1)";

/** Begins the erasure of a person, with a window in which it can be contested of no length. */
export const erase = (database: TestDatabase, tenant: TenantId, subject: UserId): Promise<CaseId> =>
  beginErasure(
    { pool: database.pool, now: Date.now },
    { tenant, operator: OPERATOR },
    { id: newId(), subject, law: LAW, windowMs: 0 },
  );

/** Begins an erasure over HTTP. Nothing is destroyed for hours. */
export const eraseBy = (officer: TestDevice, user: string, more: object = {}): Promise<Reply> =>
  officer.request("POST", `/v1/users/${user}/erasures`, {
    body: { id: newId(), windowHours: 24, ...more },
  });

export const withdrawErasureBy = (officer: TestDevice, id: string): Promise<Reply> =>
  officer.request("POST", `/v1/erasures/${id}/withdrawal`);

/** Resolves when the case is in this state, or waits for this reason. */
export const reached = (database: TestDatabase, id: CaseId, state: string): Promise<void> =>
  until(async () => {
    const { rows } = await database.owner.query<{ state: string; pending: string | null }>(
      "select state, pending from sealdesk.cases where id = $1",
      [id],
    );
    if (rows[0]?.pending === "internal_error") throw new Error("a step failed");
    return rows[0]?.state === state || rows[0]?.pending === state;
  });

/** Returns the files of the first certificate, and of the last one with later answers of devices if there is one. */
export async function certificatesOf(
  database: TestDatabase,
  id: CaseId,
): Promise<readonly Uint8Array[]> {
  const { rows } = await database.owner.query<{ certificate: Uint8Array }>(
    `select certificate from (
       select certificate, certified_at_ms from sealdesk.erasures where case_id = $1
       union all
       select certificate, certified_at_ms from sealdesk.erasure_supplements where case_id = $1
     ) certificates order by certified_at_ms`,
    [id],
  );
  return rows.map(({ certificate }) => certificate);
}

/** Returns the bytes of the first certificate's file. */
export const certificateOf = async (database: TestDatabase, id: CaseId): Promise<Uint8Array> =>
  (await certificatesOf(database, id))[0]!;

/** Returns how many messages of a conversation still have their sealed bytes. */
export async function sealedMessages(
  database: TestDatabase,
  conversation: ConversationId,
): Promise<number> {
  const { rows } = await database.owner.query<{ count: number }>(
    `select count(*)::int as count from sealdesk.events
     where conversation = $1 and kind = 1 and length(ciphertext) > 45`,
    [conversation],
  );
  return rows[0]!.count;
}
