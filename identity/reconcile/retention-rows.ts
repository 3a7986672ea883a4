import { createHash } from "node:crypto";
import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import { toHex, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import type { RecordedRow, RowSource } from "./row-source.ts";

/** Legal holds, and the schedule and the locks of retention. */
export const retentionRows: RowSource = {
  actions: [
    "hold.place",
    "hold.approve_release",
    "hold.answer_match",
    "retention.save",
    "retention.approve",
    "retention.lock",
  ],
  recorded(entry, before) {
    const row =
      entry.action === "hold.answer_match" ? recordedLink(entry, before) : recordedRetention(entry);
    return row === undefined ? [] : [row];
  },
  read: readRetentionRows,
};

const placeOf = {
  hold: (id: string) => `sealdesk.holds ${id}`,
  lock: (id: string) => `sealdesk.retention_locks ${id}`,
  version: (version: number) => `sealdesk.retention_versions ${version}`,
} as const;

const holdDetails = z.looseObject({
  commitment: z.string(),
  custodian: z.string(),
  items: z.array(z.json()),
});
const versionDetails = z.looseObject({
  version: z.number(),
  hash: z.string(),
  effectiveFromMs: z.number(),
});
const labels = {
  dataClass: z.string().nullish(),
  team: z.string().nullish(),
  region: z.string().nullish(),
};
const lockDetails = z.looseObject({
  lock: z.string(),
  days: z.number(),
  citation: z.string(),
  ...labels,
});

const holdWords = (hold: z.output<typeof holdDetails>): readonly string[] => [
  `commitment ${hold.commitment}`,
  `custodian ${hold.custodian}`,
  ...hold.items.map((item) => `covers ${canonicalJson(item)}`),
];
const lockWords = (lock: z.output<typeof lockDetails>): readonly string[] => [
  `${lock.days} days`,
  `class ${lock.dataClass ?? "any"}`,
  `team ${lock.team ?? "any"}`,
  `region ${lock.region ?? "any"}`,
  lock.citation,
];
const versionWords = (version: z.output<typeof versionDetails>): readonly string[] => [
  `rules ${version.hash}`,
  `from ${version.effectiveFromMs}`,
];

/** SHA-256 of the rules of a retention schedule as canonical JSON (RFC 8785). Entries of the log have it. */
export const hashOfRules = (rules: CanonicalValue): Uint8Array =>
  createHash("sha256")
    .update(utf8(canonicalJson(rules)))
    .digest();

const linkDetails = z.looseObject({ hold: z.string(), answer: z.literal("linked") });

/** A new account is that of an erased person: the hold covers it from then on, too. */
function recordedLink(
  { subject, details }: LoggedEntry,
  before: ReadonlyMap<string, { readonly values: readonly string[] }>,
): RecordedRow | undefined {
  const { data } = linkDetails.safeParse(details);
  if (data === undefined) return undefined;
  const place = placeOf.hold(data.hold);
  const covered = `covers ${canonicalJson({ subject: String(subject) })}`;
  return { place, values: [...(before.get(place)?.values ?? []), covered] };
}

function recordedRetention({ action, resource, details }: LoggedEntry): RecordedRow | undefined {
  switch (action) {
    case "hold.place": {
      const { data } = holdDetails.safeParse(details);
      return data && { place: placeOf.hold(resource.id), values: holdWords(data) };
    }
    case "hold.approve_release":
      return { place: placeOf.hold(resource.id), values: [] };
    case "retention.save":
    case "retention.approve": {
      const { data } = versionDetails.safeParse(details);
      return data && { place: placeOf.version(data.version), values: versionWords(data) };
    }
    case "retention.lock": {
      const { data } = lockDetails.safeParse(details);
      return data && { place: placeOf.lock(data.lock), values: lockWords(data) };
    }
    default:
      return undefined;
  }
}

const HOLDS = `
  select h.id, h.placed_at_ms as "createdAtMs", encode(h.commitment, 'hex') as commitment, h.custodian,
    coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('subject', i.subject, 'conversation', i.conversation,
        'team', i.team, 'fromMs', i.from_ms, 'untilMs', i.until_ms)) order by i.position)
      from hold_items i where i.tenant = h.tenant and i.hold = h.id), '[]') as items
  from holds h where h.released_at_ms is null`;
const LOCKS = `
  select id as lock, set_at_ms as "createdAtMs", days, citation, data_class as "dataClass", team, region
  from retention_locks`;
const VERSIONS = `
  select version, rules, saved_at_ms as "createdAtMs", effective_from_ms as "effectiveFromMs"
  from retention_versions where effective_from_ms is not null`;

type Created<T> = T & { readonly createdAtMs: number };

async function readRetentionRows(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = new Map<string, StoredRow>();
  const holds = await client.query<Created<z.output<typeof holdDetails> & { id: string }>>(HOLDS);
  for (const { id, createdAtMs, ...hold } of holds.rows)
    rows.set(placeOf.hold(id), { words: holdWords(hold), createdAtMs });
  const locks = await client.query<Created<z.output<typeof lockDetails>>>(LOCKS);
  for (const { createdAtMs, ...lock } of locks.rows)
    rows.set(placeOf.lock(lock.lock), { words: lockWords(lock), createdAtMs });
  const versions =
    await client.query<
      Created<{ version: number; rules: CanonicalValue; effectiveFromMs: number }>
    >(VERSIONS);
  for (const { version, rules, effectiveFromMs, createdAtMs } of versions.rows) {
    const words = versionWords({ version, hash: toHex(hashOfRules(rules)), effectiveFromMs });
    rows.set(placeOf.version(version), { words, createdAtMs });
  }
  return rows;
}
