import { z } from "zod";
import { readKnownMigrations } from "../../audit/deployment/record-migrations.ts";
import {
  migrationsDigest,
  readKnownSettings,
  settingsDigest,
} from "../../audit/deployment/settings-digest.ts";
import { parseEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import { readRecordedOperatorKeys } from "../operator-keys/recorded-operator-key.ts";
import { ActingKeys } from "./acting-keys.ts";
import { actionOf } from "./action-of.ts";
import { differenceAt, type Difference, type Recorded } from "./difference.ts";
import type { Replay, ReplayedState } from "./replay.ts";
import { apiKeyLabel } from "./setting-columns.ts";

const REMOVES_KEY = "operator_key.remove";
const KEY_ACTIONS: ReadonlySet<string> = new Set([
  "operator_key.add",
  "operator_key.rotate",
  REMOVES_KEY,
]);
const USES_KEY = "operator_key.authenticate";
const ACTIONS: ReadonlySet<string> = new Set([
  "node.start",
  "settings.change",
  "schema.migrate",
  USES_KEY,
  ...KEY_ACTIONS,
]);
const SETTINGS = "audit.recorded_settings (their digest)";
const startDetails = z.looseObject({ settings: z.string(), migrations: z.string() });
const changeDetails = z.looseObject({ digest: z.string() });
const keyDetails = z.looseObject({
  keys: z.array(
    z.looseObject({
      id: z.string(),
      scopes: z.array(z.string()),
      secretHash: z.string(),
      expiresAtMs: z.number(),
    }),
  ),
});
const useDetails = z.looseObject({ key: z.string() });
const migrationDetails = z.looseObject({ migrations: z.array(z.string()) });

/** The digest of no settings. All of them are then recorded anew, so none was changed without a trace. */
const NONE = settingsDigest([]);

/** The migrations that a node found when it started, after the entries about some of them were pruned. */
interface FoundMigrations {
  readonly digest: string;
  readonly index: number | undefined;
  /** The migrations that were recorded since. */
  readonly later: ReadonlySet<string>;
}

/** What the operator's log says about the settings of nodes, about migrations, and about the operator's keys. */
class DeploymentState implements ReplayedState<DeploymentState> {
  /** The digest of all recorded settings, from the newest entry. */
  settings: Recorded | undefined;
  /** The settings that a node found when it started, if they were not those of the entry before. */
  changedBetween: Difference | undefined;
  readonly migrations: Map<string, Recorded>;
  /** The operator's keys, from the newest entry that lists them. */
  keys: Recorded | undefined;
  readonly acting: ActingKeys;
  found: FoundMigrations | undefined;
  prunedBeforeMs: number | undefined;

  constructor(from?: DeploymentState) {
    this.settings = from?.settings;
    this.changedBetween = from?.changedBetween;
    this.migrations = new Map(from?.migrations);
    this.keys = from?.keys;
    this.acting = new ActingKeys(from?.acting);
    this.found = from?.found;
    this.prunedBeforeMs = from?.prunedBeforeMs;
  }

  copy(): DeploymentState {
    return new DeploymentState(this);
  }

  add(bytes: Uint8Array, index: number | undefined): void {
    const action = actionOf(bytes);
    if (action === undefined || !ACTIONS.has(action)) return;
    const entry = parseEntry(bytes);
    if (entry?.outcome !== "success") return;
    const started = startDetails.safeParse(entry.details).data;
    const changed = changeDetails.safeParse(entry.details).data;
    const migrated = migrationDetails.safeParse(entry.details).data;
    if (action === "node.start" && started !== undefined) this.#start(started, index);
    const keys = KEY_ACTIONS.has(action) ? keyDetails.safeParse(entry.details).data : undefined;
    const atMs = entry.occurredAtMs;
    if (keys !== undefined) this.#change(keys, atMs, index);
    const key = useDetails.safeParse(entry.details).data?.key;
    const isPruned = this.prunedBeforeMs !== undefined;
    if (action === USES_KEY && key !== undefined) this.acting.act(key, { atMs, index, isPruned });
    if (action === REMOVES_KEY && key !== undefined) this.acting.remove(key);
    if (changed !== undefined) this.settings = { values: [changed.digest], index };
    for (const name of migrated?.migrations ?? []) this.#migrate(name, index);
  }

  #start({ settings, migrations }: z.output<typeof startDetails>, index: number | undefined): void {
    const isPruned = this.prunedBeforeMs !== undefined;
    if (isPruned) this.found ??= { digest: migrations, index, later: new Set() };
    if (isPruned) this.settings ??= { values: [settings], index };
    const place = `${SETTINGS} when the node of entry ${index ?? "to come"} started`;
    const recorded = this.settings ?? { values: [NONE], index };
    const [difference] = differenceAt({ place, stored: [settings], recorded });
    if (settings === NONE) this.changedBetween = undefined;
    else this.changedBetween ??= difference;
  }

  #change({ keys }: z.output<typeof keyDetails>, atMs: number, index: number | undefined): void {
    this.keys = { values: keys.map(apiKeyLabel).toSorted(), index };
    const ids = keys.map(({ id }) => id);
    this.acting.list(ids, atMs);
  }

  #migrate(name: string, index: number | undefined): void {
    this.migrations.set(name, { values: ["recorded"], index });
    if (this.found !== undefined)
      this.found = { ...this.found, later: new Set([...this.found.later, name]) };
  }
}

/**
 * The keys of the operator, and the settings of nodes and the migrations that `audit.recorded_settings` and `audit.recorded_migrations` say
 * the operator's log knows. A node records only what is not there, so a row that somebody changed there could
 * hide a change. Each node that starts says what it found there, so that pruning hides nothing for longer.
 */
export const settingsAndMigrations: Replay<DeploymentState> = {
  begin: () => new DeploymentState(),
  compare: async (client, _tenant, state) => [
    ...(await compareSettings(client, state)),
    ...(state.changedBetween === undefined ? [] : [state.changedBetween]),
    ...(await compareMigrations(client, state)),
    ...(await compareKeys(client, state)),
  ],
};

async function compareKeys(
  client: Client,
  { keys, acting, prunedBeforeMs }: DeploymentState,
): Promise<readonly Difference[]> {
  const rows = await readRecordedOperatorKeys(client);
  const stored = rows.map(apiKeyLabel).toSorted();
  // They come last, because they stay until the operator has removed the key.
  const strangers = [...acting.strangers].flatMap(([id, recorded]) => {
    const labels = rows.filter((row) => row.id === id).map(apiKeyLabel);
    const place = `sealdesk.operator_keys ${id}`;
    return differenceAt({ place, stored: labels.length === 0 ? undefined : labels, recorded });
  });
  const isForgotten = keys === undefined && prunedBeforeMs !== undefined;
  if (isForgotten || (keys === undefined && stored.length === 0)) return strangers;
  return [
    ...differenceAt({ place: "sealdesk.operator_keys", stored, recorded: keys }),
    ...strangers,
  ];
}

async function compareSettings(
  client: Client,
  { settings, prunedBeforeMs }: DeploymentState,
): Promise<readonly Difference[]> {
  const rows = await readKnownSettings(client);
  const isForgotten = settings === undefined && prunedBeforeMs !== undefined;
  if (isForgotten || (settings === undefined && rows.length === 0)) return [];
  return differenceAt({ place: SETTINGS, stored: [settingsDigest(rows)], recorded: settings });
}

async function compareMigrations(
  client: Client,
  { migrations, found, prunedBeforeMs }: DeploymentState,
): Promise<readonly Difference[]> {
  const stored = await readKnownMigrations(client);
  const names = new Set([...migrations.keys(), ...stored]);
  const byName = [...names].flatMap((name) => {
    const recorded = migrations.get(name);
    if (recorded === undefined && prunedBeforeMs !== undefined) return [];
    const place = `audit.recorded_migrations ${name}`;
    return differenceAt({
      place,
      stored: stored.includes(name) ? ["recorded"] : undefined,
      recorded,
    });
  });
  if (found === undefined) return byName;
  const { digest, index, later } = found;
  const earlier = migrationsDigest(stored.filter((name) => !later.has(name)));
  const recorded = { values: [digest], index };
  return [
    ...byName,
    ...differenceAt({
      place: "audit.recorded_migrations (their digest)",
      stored: [earlier],
      recorded,
    }),
  ];
}
