import type { ScopePeriod } from "../../keys/at-rest/list-scopes.ts";
import { periodRange } from "../../crypto/wire/key-period.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { heldAmong, type HoldableItem, type Holding } from "../holds/held-among.ts";
import { lockedAmong, type Locking } from "../retention/locked-among.ts";
import { lockRetention } from "../retention/stored-schedule.ts";
import { decideDisposal, type Ground } from "../../policies/precedence.ts";

/** Why an item is kept although its erasure was asked for. */
export interface Keeping {
  /** The law or the order that demands it. */
  readonly citation: string;
  /** When somebody reviews the hold, or when the lock ends: milliseconds since the Unix epoch. */
  readonly reviewAtMs: number;
  /** The hold that keeps it; undefined if a retention lock does. */
  readonly holding: Holding | undefined;
}

/** A period of a conversation, and what keeps it, if anything does. */
export interface JudgedScope extends ScopePeriod {
  readonly item: HoldableItem;
  readonly keeping: Keeping | undefined;
}

/**
 * Returns what becomes of each period: it is kept if a hold or a retention lock goes before the erasure. No hold and no
 * lock changes until the caller's transaction ends.
 * @param law the provision on which the person relies
 */
export async function judgeScopes(
  client: Client,
  tenant: TenantId,
  { subject, law }: { readonly subject: UserId; readonly law: string },
  scopes: readonly ScopePeriod[],
  nowMs: number,
): Promise<readonly JudgedScope[]> {
  const items = scopes.map(({ conversation, period }): HoldableItem => ({
    subject,
    conversation,
    ...periodRange(period),
  }));
  await lockRetention(client, tenant);
  const held = await heldAmong(client, tenant, items);
  const locked = await lockedAmong(client, items);
  return scopes.map((scope, index) => ({
    ...scope,
    item: items[index] ?? { subject },
    keeping: keepingOf({ holdings: held[index] ?? [], lockings: locked[index] ?? [] }, law, nowMs),
  }));
}

/** Returns what goes before the erasure of an item, if anything does. */
export function keepingOf(
  {
    holdings,
    lockings,
  }: { readonly holdings: readonly Holding[]; readonly lockings: readonly Locking[] },
  law: string,
  nowMs: number,
): Keeping | undefined {
  const grounds: readonly Ground[] = [
    { kind: "erasure", citation: law },
    ...holdings.map(({ citation, reviewAtMs }) => ({
      kind: "hold" as const,
      citation,
      reviewAtMs,
    })),
    ...lockings.map(({ citation, untilMs }) => ({ kind: "lock" as const, citation, untilMs })),
  ];
  const { outcome, ground } = decideDisposal(grounds, nowMs);
  if (outcome !== "restrict") return undefined;
  const { citation } = ground;
  if (ground.kind === "lock") return { citation, reviewAtMs: ground.untilMs, holding: undefined };
  const { reviewAtMs } = ground;
  const holding = holdings.find(
    (each) => each.citation === citation && each.reviewAtMs === reviewAtMs,
  );
  return { citation, reviewAtMs, holding };
}
