import type pg from "pg";
import { OPERATOR } from "../../../audit/operator.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";
import type { Pool } from "../../../db/pool.ts";
import { beginErasure } from "../../../workflows/erasure/begin-erasure.ts";
import { newId } from "../../testkit/ids.ts";
import type { LoadTenant } from "../arrange/tenant.ts";
import type { Progress } from "../options.ts";
import { median, round } from "../statistics.ts";
import { settleStored, storeMessages, type Stored } from "./stored-messages.ts";
import { untilTrue } from "./until-true.ts";

export interface Destruction {
  readonly messages: number;
  /** The time of the steps that destroy keys, in milliseconds. */
  readonly destructionMs: number;
}

// From the moment at which the step is recorded until it is done, by the clock of the database.
const TOOK = `
  select sum(done_at_ms - begun_at_ms)::int8 as ms from sealdesk.case_steps
  where case_id = $1 and state = 'shredding' having bool_and(done_at_ms is not null)
    and bool_or(next = 'erasing_account')`;

/**
 * Measures the steps of an erasure that destroy keys, for a person with few messages and for one with many. The
 * running server takes them: holds, locks, ledger, keys and audit entry included.
 */
export async function measureDestruction(
  { owner, pool, tenant }: { owner: pg.Client; pool: Pool; tenant: LoadTenant },
  sizes: { readonly few: number; readonly many: number },
  rounds: number,
  progress: Progress,
): Promise<{ readonly few: Destruction; readonly many: Destruction }> {
  const store = (each: number) =>
    storeMessages(owner, tenant, { count: 1, each, receivedAtMs: Date.now() });
  const stored: { few: Stored; many: Stored }[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    progress(`storing a person with ${sizes.many} messages`);
    stored.push({ few: await store(sizes.few), many: await store(sizes.many) });
  }
  await settleStored(owner);
  // The first erasure of a server compiles what the others use.
  const erase = async (given: Stored) => {
    const id = await begin(pool, tenant, given);
    const ms = await destroyed(owner, id);
    await ended(owner, id);
    return ms;
  };
  await erase(await store(1));
  const took = { few: [] as number[], many: [] as number[] };
  for (const { few, many } of stored) {
    took.few.push(await erase(few));
    took.many.push(await erase(many));
  }
  const of = (size: "few" | "many"): Destruction => ({
    messages: sizes[size],
    destructionMs: round(median(took[size]), 1),
  });
  return { few: of("few"), many: of("many") };
}

/** Begins the erasure of the person who began a conversation. The server takes its steps. */
export async function begin(
  pool: Pool,
  tenant: LoadTenant,
  { conversations: [conversation] }: Stored,
): Promise<CaseId> {
  const subject = conversation?.devices[0]?.user;
  if (subject === undefined) throw new Error("a person has a conversation");
  return beginErasure(
    { pool, now: Date.now },
    { tenant: tenant.id, operator: OPERATOR },
    { id: newId(), subject, law: "GDPR Article 17(1)", windowMs: 0 },
  );
}

async function destroyed(owner: pg.Client, id: CaseId): Promise<number> {
  let ms: number | undefined;
  await untilTrue(async () => {
    const { rows } = await owner.query<{ ms: string }>(TOOK, [id]);
    ms = rows[0] === undefined ? undefined : Number(rows[0].ms);
    return ms !== undefined;
  });
  return ms ?? Number.NaN;
}

/** Resolves when everything that an erasure removes from the stores is removed. */
export const ended = (owner: pg.Client, id: CaseId): Promise<void> =>
  untilTrue(async () => {
    const { rowCount } = await owner.query(
      "select from sealdesk.cases where id = $1 and state = any($2)",
      [id, ["forgetting", "notifying", "informing", "certifying", "certified"]],
    );
    return rowCount === 1;
  });
