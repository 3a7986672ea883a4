import { appendEntry } from "../../audit/append-entry.ts";
import { destroyWithin, withinKeystore } from "../../keys/at-rest/destroy.ts";
import { livingScopes } from "../../keys/at-rest/list-scopes.ts";
import type { Step, StepContext } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";
import { deferErasure } from "../holds/defer-erasure.ts";
import { advancePosition } from "../ledger/position.ts";
import { entryBy, ERASURES } from "./entry-by.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import { readErasure, recordItems, recordStore, type Erasure } from "./erasure-rows.ts";
import { recordErased } from "./record-erased.ts";
import { judgeScopes, type JudgedScope } from "./held-scopes.ts";
import { restrictConversations } from "../restrictions/restrict-conversations.ts";

/** A hold that is placed meanwhile waits for the end of a step, so a step is short. */
const SCOPES_IN_A_STEP = 20;

/**
 * Destroys keys of conversations that no hold and no retention lock keeps, some in each step, and follows itself until none is
 * left. The holds and locks are read, the ledger is written, and the keys are destroyed in one transaction: a hold that is placed
 * comes before all of it or after it. What is kept is recorded. What is held waits for the release.
 */
export const shred =
  ({ ledger, keystore, isApart }: ErasureDeps): Step =>
  async (context) => {
    const { client, tenant, found, key, nowMs } = context;
    const end = await ledger.lockEnd(client);
    const erasure = await readErasure(client, found.id);
    const { subject } = erasure;
    const where = { tenant, keystore: isApart ? keystore : undefined };
    const living = await withinKeystore(client, where, (inKeystore) =>
      livingScopes(inKeystore, subject),
    );
    const judged = await judgeScopes(client, tenant, erasure, living, nowMs);
    const open = judged.filter(({ keeping }) => keeping === undefined).slice(0, SCOPES_IN_A_STEP);
    if (open.length === 0) {
      await restrict(context, erasure, judged);
      await recordStore(client, tenant, found, "keystore", nowMs);
      return { to: "erasing_account" };
    }
    const scopes = open.map(({ conversation, period }) => ({ conversation, period }));
    const record = { kind: "scopes", tenant, subject, act: key, scopes, atMs: nowMs } as const;
    const written = await ledger.append(end, record);
    const what = { subject, scopes };
    const by = { actor: ERASURES };
    const { entry } = await destroyWithin(client, where, what, by, nowMs, (inKeystore) =>
      advancePosition(inKeystore, "keystore", written),
    );
    await advancePosition(client, "sealdesk", written);
    const keysOf = ({ conversation, period }: (typeof scopes)[number]) =>
      living.find((each) => each.conversation === conversation && each.period === period)?.keys ??
      0;
    await recordErased(client, tenant, record, keysOf, entry, nowMs);
    return { to: "shredding" };
  };

/**
 * Records what is kept, and restricts its processing. What is held waits for the release, and its custodian alone can open it.
 */
async function restrict(
  { client, tenant, found, nowMs }: StepContext,
  { subject }: Erasure,
  judged: readonly JudgedScope[],
): Promise<void> {
  const kept = judged.flatMap(({ keeping, ...scope }) =>
    keeping === undefined ? [] : [{ ...scope, keeping }],
  );
  if (kept.length === 0) return;
  for (const { conversation, period, keys, keeping } of kept)
    await recordItems(client, tenant, found.id, [
      {
        kind: "messages",
        item: conversation,
        period,
        outcome: "restricted",
        records: 0,
        keys,
        atMs: nowMs,
        citation: keeping.citation,
        reviewAtMs: keeping.reviewAtMs,
        commitment: keeping.holding?.commitment ?? null,
      },
    ]);
  const conversations = [...new Set(kept.map(({ conversation }) => conversation))];
  await restrictConversations(client, tenant, { by: found.id, conversations }, nowMs);
  const items = kept.flatMap(({ item, keeping: { holding } }) =>
    holding === undefined ? [] : [{ item, hold: holding.hold }],
  );
  if (items.length > 0)
    await deferErasure(client, tenant, { erasure: found.id, subject, items }, nowMs);
  await appendEntry(client, {
    ...entryBy(tenant, subject, nowMs),
    action: "erasure.restrict",
    resource: ofCase(found.id),
    details: { items: kept.length, conversations },
  });
}
