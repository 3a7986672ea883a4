import type { UserId } from "../../crypto/wire/ids.ts";
import { differenceAt, type Difference } from "./difference.ts";
import { compareSessions } from "./recorded-sessions.ts";
import { RecordedState } from "./recorded-state.ts";
import type { Replay } from "./replay.ts";
import { isRecoveryCode } from "./row-places.ts";
import { settingColumns } from "./setting-columns.ts";
import {
  readStoredState,
  type StoredAccount,
  type StoredApiKey,
  type StoredState,
} from "./stored-state.ts";

/** The accounts of staff, their roles, credentials and sessions, and the settings of a tenant. */
export const accountsAndSettings: Replay<RecordedState> = {
  begin: () => new RecordedState(),
  compare: async (client, tenant, state) =>
    compareState(tenant, state, await readStoredState(client, tenant, [...state.staff.keys()])),
};

/** Compares the database with the log. What the log no longer says, because it was pruned, is left out. */
export function compareState(
  tenant: string,
  recorded: RecordedState,
  { accounts, settings, rows, apiKeys, sessions }: StoredState,
): readonly Difference[] {
  const { prunedBeforeMs } = recorded;
  const isForgotten = ({ createdAtMs }: Pick<StoredAccount, "createdAtMs">) =>
    prunedBeforeMs !== undefined && createdAtMs < prunedBeforeMs;
  const found: Difference[] = [];
  const add = (difference: Difference) => void found.push(...differenceAt(difference));
  for (const id of new Set<UserId>([...recorded.staff.keys(), ...accounts.keys()])) {
    const [said, row] = [recorded.staff.get(id), accounts.get(id)];
    if (said !== undefined || (row !== undefined && !isForgotten(row)))
      add({ place: `sealdesk.users ${id} role`, stored: row && [row.role], recorded: said });
  }
  for (const column of settingColumns) {
    const said = recorded.settings.get(column);
    if (said !== undefined || prunedBeforeMs === undefined)
      add({
        place: `sealdesk.tenants ${tenant} ${column}`,
        stored: settings?.get(column),
        recorded: said,
      });
  }
  for (const place of new Set([...recorded.rows.keys(), ...rows.keys()])) {
    const [said, row] = [recorded.rows.get(place), rows.get(place)];
    // A recovery code that is used is gone.
    const isRemoved = row === undefined && (said?.values.length === 0 || isRecoveryCode(place));
    const isKnown = said !== undefined || (row !== undefined && !isForgotten(row));
    if (isKnown && !isRemoved) add({ place, stored: row?.words, recorded: said });
  }
  found.push(...compareSessions(recorded.sessions, sessions, prunedBeforeMs));
  const labelsOf = (keys: readonly StoredApiKey[]) => keys.map(({ label }) => label).toSorted();
  if (recorded.settings.get("api_keys") === undefined && prunedBeforeMs !== undefined) {
    const stored = labelsOf(apiKeys.filter((key) => !isForgotten(key)));
    if (stored.length > 0)
      add({ place: `sealdesk.tenants ${tenant} api_keys`, stored, recorded: undefined });
  }
  // They come last, because they stay until the operator has removed the key.
  for (const [id, said] of recorded.keys.strangers) {
    const stored = labelsOf(apiKeys.filter((key) => key.id === id));
    add({
      place: `sealdesk.api_keys ${id}`,
      stored: stored.length === 0 ? undefined : stored,
      recorded: said,
    });
  }
  return found;
}
