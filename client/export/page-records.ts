import type { DeviceStore } from "../../crypto/device/store.ts";
import { readHistory, type HistoryRecord } from "../conversation/history.ts";
import { refusalOf } from "../conversation/revisions.ts";
import { ToldLimits } from "../conversation/told-limits.ts";
import type { ExportPage } from "./export-api.ts";

/** What this device recorded of the events of a page. */
export interface PageRecords {
  readonly records: ReadonlyMap<number, HistoryRecord>;
  /** The corrections, edits and deletions that do not count (R35, R36). */
  readonly refused: ReadonlySet<number>;
}

/** Reads what this device has of the events of a page, and which of its revisions count. */
export async function recordsOf(
  store: DeviceStore,
  { conversation, fromSeq, untilSeq }: Pick<ExportPage, "conversation" | "fromSeq" | "untilSeq">,
): Promise<PageRecords> {
  const most = untilSeq - fromSeq + 1;
  const { longestRevisionMs: revisionMs } = (await ToldLimits.load(store)).limits;
  return store.read(async (transaction) => {
    const found = await readHistory(transaction, conversation, fromSeq - 1, most);
    const records = new Map(found.filter(([seq]) => seq <= untilSeq));
    const refused = new Set<number>();
    const reading = { transaction, conversation, revisionMs };
    for (const [seq, { about }] of records)
      if (about !== undefined && (await refusalOf(reading, seq, about)) !== undefined)
        refused.add(seq);
    return { records, refused };
  });
}
