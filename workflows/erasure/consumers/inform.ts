import type { CaseId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { sendMessage, webhookMessage } from "../../../identity/alerts/webhook/webhook-message.ts";
import { CasePending, type Step } from "../../cases/case-kind.ts";
import type { ErasureDeps } from "../erasure-deps.ts";
import { readErasure } from "../erasure-rows.ts";
import { openConsumer } from "./stored-consumer.ts";

const WAITING = `
  select e.consumer, e.notified_at_ms as "notifiedAtMs", c.sealed, c.sealed_under as "sealedUnder"
  from erasure_events e join erasure_consumers c on c.name = e.consumer
  where e.case_id = $1 and e.acknowledged_at_ms is null order by e.consumer`;
const ACKNOWLEDGE = `
  update erasure_events set acknowledged_at_ms = $3,
    attempts = (select sum(attempts) from case_steps where case_id = $1 and state = 'informing')
  where case_id = $1 and consumer = any($2)`;

interface WaitingEvent {
  readonly consumer: string;
  readonly notifiedAtMs: number;
  readonly sealed: Uint8Array;
  readonly sealedUnder: UserId;
}

/** Notes that every consumer of the tenant is to be told. @returns how many there are */
export async function noteConsumers(client: Client, id: CaseId, nowMs: number): Promise<number> {
  const { rowCount } = await client.query(
    `insert into erasure_events (tenant, case_id, consumer, notified_at_ms)
     select tenant, $1, name, $2 from erasure_consumers on conflict do nothing`,
    [id, nowMs],
  );
  return rowCount ?? 0;
}

/**
 * Sends the event to each consumer that has not taken it. While one does not take it, the case waits: an organisation's own
 * system is a store like the others. A consumer that is removed is not waited for.
 */
export const inform =
  (deps: Pick<ErasureDeps, "subjects" | "reach">): Step =>
  async ({ client, tenant, found: { id }, nowMs }) => {
    const { rows } = await client.query<WaitingEvent>(WAITING, [id]);
    const { subject } = await readErasure(client, id);
    const taken: string[] = [];
    await Promise.all(
      rows.map(async (event) => {
        if (await isTaken(deps, { tenant, id, subject }, event, nowMs)) taken.push(event.consumer);
      }),
    );
    await client.query(ACKNOWLEDGE, [id, taken, nowMs]);
    if (taken.length === rows.length) return { to: "certifying" };
    if (taken.length === 0) throw new CasePending("consumers");
    // What was taken stays recorded.
    return { to: "informing" };
  };

/** Sends an event. A status from 200 to 299 takes it. An attempt that is repeated has the same id. */
async function isTaken(
  { subjects, reach }: Pick<ErasureDeps, "subjects" | "reach">,
  {
    tenant,
    id,
    subject,
  }: { readonly tenant: TenantId; readonly id: CaseId; readonly subject: UserId },
  { consumer, notifiedAtMs, ...stored }: WaitingEvent,
  nowMs: number,
): Promise<boolean> {
  const { url, secret } = await openConsumer(subjects, { tenant, ...stored });
  const data = { tenant, case: id, subject };
  const message = webhookMessage(`${id}:${consumer}`, "subject.erased", notifiedAtMs, data);
  return (await sendMessage({ url, secret, reach }, message, nowMs)).isTaken;
}
