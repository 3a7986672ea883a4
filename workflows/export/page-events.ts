import { nodeChecks } from "../../audit/node-checks.ts";
import { GrowingRoot } from "../../audit/verify/growing-root.ts";
import { leafHash } from "../../audit/verify/tree-hash.ts";
import type { DeviceId, TenantId } from "../../crypto/wire/ids.ts";
import { readEvents } from "../../messaging/follow/read-events.ts";
import type { DeliverableEvent } from "../../messaging/log/event.ts";
import type { ExportDeps } from "./export-deps.ts";
import type { PackedPage, PlannedPage } from "./export-rows.ts";

/** The most events of a page. It bounds the memory of the server and of the device. */
export const PAGE_EVENTS = 500;

/**
 * Returns the events of a page that can still be opened, without packets. Events whose retention is over, or whose key is
 * destroyed, are left out. A restriction or a hold leaves nothing out.
 * @throws KeysError key_missing, seal_broken, kms_...
 */
export async function pageEvents(
  { pool, scopeKeys }: ExportDeps,
  tenant: TenantId,
  device: DeviceId,
  { conversation, fromSeq, untilSeq }: PlannedPage,
): Promise<readonly DeliverableEvent[]> {
  const place = {
    tenant,
    conversation,
    device,
    reader: "subject" as const,
    afterSeq: fromSeq - 1,
    untilSeq,
  };
  const found = await readEvents(pool, scopeKeys, { ...place, limit: PAGE_EVENTS });
  return found.flatMap((event) =>
    event.kind === "erased" ? [] : [{ ...event, packet: undefined }],
  );
}

/** Returns what proves these events: how many, the Merkle root over their transcript hashes, and the last of these. */
export function proofOf(
  events: readonly DeliverableEvent[],
): Pick<PackedPage, "events" | "root" | "head"> {
  const tree = new GrowingRoot(nodeChecks.sha256);
  for (const { transcriptHash } of events) tree.append(leafHash(nodeChecks.sha256, transcriptHash));
  return { events: events.length, root: tree.root(), head: events.at(-1)?.transcriptHash ?? null };
}
