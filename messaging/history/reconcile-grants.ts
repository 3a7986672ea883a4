import { z } from "zod";
import { parseEntry } from "../../audit/export/entry-filter.ts";
import { isId, type ConsentId, type GrantId } from "../../crypto/wire/ids.ts";
import { actionOf } from "../../identity/reconcile/action-of.ts";
import {
  differenceAt,
  type Difference,
  type Recorded,
} from "../../identity/reconcile/difference.ts";
import type { Replay, ReplayedState } from "../../identity/reconcile/replay.ts";

const ACTIONS: readonly string[] = ["history.grant", "consent.given", "consent.withdrawn"];
const grantDetails = z.looseObject({
  grant: z.custom<GrantId>(isId),
  fromSeq: z.number(),
  toSeq: z.number(),
});
const consentDetails = z.looseObject({ consent: z.custom<ConsentId>(isId) });

/** The grants of history and the consents of customers, as the audit log of their tenant says. */
class RecordedGrants implements ReplayedState<RecordedGrants> {
  /** By the table and the id of the row. */
  readonly rows: Map<string, Recorded>;
  prunedBeforeMs: number | undefined;

  constructor(from?: RecordedGrants) {
    this.rows = new Map(from?.rows);
    this.prunedBeforeMs = from?.prunedBeforeMs;
  }

  copy(): RecordedGrants {
    return new RecordedGrants(this);
  }

  add(bytes: Uint8Array, index: number | undefined): void {
    if (!ACTIONS.includes(actionOf(bytes) ?? "")) return;
    const entry = parseEntry(bytes);
    if (entry?.outcome !== "success") return;
    const { action, details, resource, subject } = entry;
    const set = (row: string, ...values: string[]) => this.rows.set(row, { values, index });
    if (action === "history.grant") {
      const { data } = grantDetails.safeParse(details);
      const range = `events ${data?.fromSeq} to ${data?.toSeq}`;
      if (data) set(`sealdesk.history_grants ${data.grant}`, resource.id, `${subject}`, range);
    } else if (action === "consent.given" || action === "consent.withdrawn") {
      const { data } = consentDetails.safeParse(details);
      const state = action === "consent.given" ? "given" : "withdrawn";
      if (data) set(`sealdesk.consents ${data.consent}`, resource.id, `${subject}`, state);
    }
  }
}

interface StoredRow {
  readonly row: string;
  readonly values: readonly string[];
}

const STORED = `
  select 'sealdesk.history_grants ' || id as row, array[conversation::text, recipient::text,
    'events ' || from_seq || ' to ' || to_seq] as values
  from history_grants
  union all
  select 'sealdesk.consents ' || id, array[conversation::text, user_id::text, state] from consents`;

/**
 * The grants of history and the consents to it. All of a tenant are in memory, so a command compares
 * them, and no node. What the log no longer says, because it was pruned, is left out.
 */
export const grantsAndConsents: Replay<RecordedGrants> = {
  begin: () => new RecordedGrants(),
  async compare(client, _tenant, { rows: recorded, prunedBeforeMs }) {
    const { rows } = await client.query<StoredRow>(STORED);
    const stored = new Map(rows.map(({ row, values }) => [row, values]));
    const found: Difference[] = [];
    for (const place of new Set([...recorded.keys(), ...stored.keys()])) {
      const said = recorded.get(place);
      if (said !== undefined || prunedBeforeMs === undefined)
        found.push(...differenceAt({ place, stored: stored.get(place), recorded: said }));
    }
    return found;
  },
};
