import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { appendToLog, type AuditEntry } from "../append-entry.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { readKnownSettings, settingsDigest, type KnownSetting } from "./settings-digest.ts";

/** A variable that is set, as the operator's log may know it. */
export interface RecordedSetting {
  readonly name: string;
  /** HMAC-SHA-256 of the value under each key of the server that is valid, the newest first. */
  readonly tags: readonly Uint8Array[];
  /** The value as entries show it; null if it may be a secret, an address or a path. */
  readonly shown: string | null;
}

/** Lets nodes that start at the same time take turns. */
export const lockSettings = async (client: Client): Promise<void> =>
  void (await client.query("lock table audit.recorded_settings in share row exclusive mode"));

/** The variable that names witnesses. Entries show their names, separated by spaces. */
export const WITNESSES_VARIABLE = "AUDIT_WITNESSES";

const PUT = `
  insert into audit.recorded_settings (name, tag, shown) values ($1, $2, $3)
  on conflict (name) do update set tag = excluded.tag, shown = excluded.shown`;

/**
 * Records which settings differ from those that the operator's log tells of, and which witnesses were
 * added or removed. The transaction must be fenced to that log, and must have called `lockSettings`.
 */
export async function recordSettings(
  client: Client,
  settings: readonly RecordedSetting[],
  actor: AuditEntry<"settings.change">["actor"],
  nowMs: number,
): Promise<void> {
  const rows = await readKnownSettings(client);
  const known = new Map(rows.map((row) => [row.name, row]));
  const given = new Map(settings.map((setting) => [setting.name, setting]));
  const set = settings.filter((setting) => !isSame(setting, known.get(setting.name)));
  const unset = rows.map(({ name }) => name).filter((name) => !given.has(name));
  if (set.length === 0 && unset.length === 0) return;
  for (const { name, tags, shown } of set) await client.query(PUT, [name, tags[0], shown]);
  await client.query("delete from audit.recorded_settings where name = any($1::text[])", [unset]);
  const event = { occurredAtMs: nowMs, actor, outcome: "success" } as const;
  await appendToLog(client, OPERATOR_LOG, {
    ...event,
    action: "settings.change",
    resource: { type: "settings", id: "node" },
    details: {
      set: set.map(({ name, shown }) => ({ name, ...(shown !== null && { value: shown }) })),
      unset,
      digest: settingsDigest(await readKnownSettings(client)),
    },
  });
  const before = namesIn(known.get(WITNESSES_VARIABLE)?.shown);
  const after = namesIn(given.get(WITNESSES_VARIABLE)?.shown);
  for (const id of after.filter((name) => !before.includes(name)))
    await appendToLog(client, OPERATOR_LOG, {
      ...event,
      action: "audit.add_witness",
      resource: { type: "witness", id },
    });
  for (const id of before.filter((name) => !after.includes(name)))
    await appendToLog(client, OPERATOR_LOG, {
      ...event,
      action: "audit.remove_witness",
      resource: { type: "witness", id },
    });
}

const isSame = ({ tags }: RecordedSetting, known: KnownSetting | undefined): boolean =>
  known !== undefined && tags.some((tag) => equalBytes(tag, known.tag));

const namesIn = (shown: string | null | undefined): readonly string[] =>
  (shown ?? "").split(" ").filter((name) => name !== "");
