import { z } from "zod";
import { readKnownSettings, settingsDigest } from "../../audit/deployment/settings-digest.ts";
import { parseEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import { actionOf } from "./action-of.ts";
import { differenceAt, type Difference, type Recorded } from "./difference.ts";
import type { Replay, ReplayedState } from "./replay.ts";

const changeDetails = z.looseObject({ digest: z.string() });
const migrationDetails = z.looseObject({ migrations: z.array(z.string()) });

/** What the operator's log says about the settings of nodes and about migrations. */
class DeploymentState implements ReplayedState<DeploymentState> {
  /** The digest of all recorded settings, from the newest entry. */
  settings: Recorded | undefined;
  readonly migrations: Map<string, Recorded>;
  prunedBeforeMs: number | undefined;

  constructor(from?: DeploymentState) {
    this.settings = from?.settings;
    this.migrations = new Map(from?.migrations);
    this.prunedBeforeMs = from?.prunedBeforeMs;
  }

  copy(): DeploymentState {
    return new DeploymentState(this);
  }

  add(bytes: Uint8Array, index: number | undefined): void {
    const action = actionOf(bytes);
    if (action !== "settings.change" && action !== "schema.migrate") return;
    const entry = parseEntry(bytes);
    if (entry?.outcome !== "success") return;
    const changed = changeDetails.safeParse(entry.details).data;
    const migrated = migrationDetails.safeParse(entry.details).data;
    if (changed !== undefined) this.settings = { values: [changed.digest], index };
    for (const name of migrated?.migrations ?? [])
      this.migrations.set(name, { values: ["recorded"], index });
  }
}

/**
 * The settings of nodes and the migrations that `audit.recorded_settings` and `audit.recorded_migrations` say
 * the operator's log knows. A node records only what is not there, so a row that somebody changed there could
 * hide a change.
 */
export const settingsAndMigrations: Replay<DeploymentState> = {
  begin: () => new DeploymentState(),
  compare: async (client, _tenant, state) => [
    ...(await compareSettings(client, state)),
    ...(await compareMigrations(client, state)),
  ],
};

async function compareSettings(
  client: Client,
  { settings, prunedBeforeMs }: DeploymentState,
): Promise<readonly Difference[]> {
  const rows = await readKnownSettings(client);
  const isForgotten = settings === undefined && prunedBeforeMs !== undefined;
  if (isForgotten || (settings === undefined && rows.length === 0)) return [];
  const stored = [settingsDigest(rows)];
  return differenceAt({
    place: "audit.recorded_settings (their digest)",
    stored,
    recorded: settings,
  });
}

async function compareMigrations(
  client: Client,
  { migrations, prunedBeforeMs }: DeploymentState,
): Promise<readonly Difference[]> {
  const { rows } = await client.query<{ name: string }>(
    "select name from audit.recorded_migrations",
  );
  const stored = new Set(rows.map(({ name }) => name));
  const names = new Set([...migrations.keys(), ...stored]);
  return [...names].flatMap((name) => {
    const recorded = migrations.get(name);
    if (recorded === undefined && prunedBeforeMs !== undefined) return [];
    const place = `audit.recorded_migrations ${name}`;
    return differenceAt({ place, stored: stored.has(name) ? ["recorded"] : undefined, recorded });
  });
}
