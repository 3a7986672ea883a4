import type { ScopePeriod } from "../../keys/at-rest/list-scopes.ts";
import { periodRange } from "../../keys/at-rest/scope.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { heldAmong, type HoldableItem, type Holding } from "../holds/held-among.ts";
import { decideDisposal, type Ground } from "../../policies/precedence.ts";

/** A period of a conversation, and the hold that keeps it, if one does. */
export interface JudgedScope extends ScopePeriod {
  readonly item: HoldableItem;
  readonly holding: Holding | undefined;
}

/**
 * Returns what becomes of each period: it is kept if a hold goes before the erasure. No hold changes until the caller's
 * transaction ends.
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
  const held = await heldAmong(client, tenant, items);
  return scopes.map((scope, index) => ({
    ...scope,
    item: items[index] ?? { subject },
    holding: keepingOf(held[index] ?? [], law, nowMs),
  }));
}

/** Returns the hold that goes before the erasure, if there is one. */
export function keepingOf(
  holdings: readonly Holding[],
  law: string,
  nowMs: number,
): Holding | undefined {
  const grounds: readonly Ground[] = [
    { kind: "erasure", citation: law },
    ...holdings.map(({ citation, reviewAtMs }) => ({
      kind: "hold" as const,
      citation,
      reviewAtMs,
    })),
  ];
  const { outcome, ground } = decideDisposal(grounds, nowMs);
  if (outcome !== "restrict") return undefined;
  return holdings.find(
    ({ citation, reviewAtMs }) =>
      ground.kind === "hold" && citation === ground.citation && reviewAtMs === ground.reviewAtMs,
  );
}
