import { parseEntry } from "../../audit/export/entry-filter.ts";
import { actionOf } from "./action-of.ts";
import { differenceAt, type Difference, type Recorded } from "./difference.ts";
import type { Replay, ReplayedState } from "./replay.ts";
import type { StoredRow } from "./row-places.ts";
import type { RowSource } from "./row-source.ts";

/** What a log says about the rows of some sources. */
class ReplayedRows implements ReplayedState<ReplayedRows> {
  readonly rows: Map<string, Recorded>;
  prunedBeforeMs: number | undefined;
  readonly #sources: readonly RowSource[];

  constructor(sources: readonly RowSource[], from?: ReplayedRows) {
    this.#sources = sources;
    this.rows = new Map(from?.rows);
    this.prunedBeforeMs = from?.prunedBeforeMs;
  }

  copy(): ReplayedRows {
    return new ReplayedRows(this.#sources, this);
  }

  add(bytes: Uint8Array, index: number | undefined): void {
    const action = actionOf(bytes);
    const sources = this.#sources.filter(({ actions }) => actions.includes(action ?? ""));
    const entry = sources.length === 0 ? undefined : parseEntry(bytes);
    if (entry?.outcome !== "success") return;
    for (const { recorded } of sources)
      for (const { place, values } of recorded(entry, this.rows))
        this.rows.set(place, { values, index });
  }
}

/** Replays rows that no node compares. What the log no longer says, because it was pruned, is left out. */
export const replayRows = (sources: readonly RowSource[]): Replay<ReplayedRows> => ({
  begin: () => new ReplayedRows(sources),
  async compare(client, _tenant, { rows: recorded, prunedBeforeMs = -Infinity }) {
    const stored = new Map<string, StoredRow>();
    for (const { read } of sources)
      for (const [place, row] of await read(client)) stored.set(place, row);
    const found: Difference[] = [];
    for (const place of new Set([...recorded.keys(), ...stored.keys()])) {
      const [said, row] = [recorded.get(place), stored.get(place)];
      const isForgotten =
        said === undefined && row !== undefined && row.createdAtMs < prunedBeforeMs;
      if (!isForgotten) found.push(...differenceAt({ place, stored: row?.words, recorded: said }));
    }
    return found;
  },
});
