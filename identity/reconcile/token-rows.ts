import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import type { RecordedRow, RowSource } from "./row-source.ts";

const placeOf = {
  link: (user: string) => `sealdesk.password_resets ${user}`,
  monitor: (name: string) => `sealdesk.audit_monitors ${name}`,
} as const;

/** A token that is stored as its hash, of which entries have the SHA-256. */
const tokenWords = (token: { readonly tokenDigest: string; readonly expiresAtMs: number }) => [
  `token ${token.tokenDigest}`,
  `until ${token.expiresAtMs}`,
];

const tokenDetails = z.looseObject({ tokenDigest: z.string(), expiresAtMs: z.number() });
const monitorDetails = z.looseObject({ monitor: z.string() });

const ENDS_LINK: ReadonlySet<string> = new Set([
  "account.reset",
  "erasure.account",
  "erasure.replay",
  "user.change_password",
  "user.disable",
  "user.reset_password",
  "user.set_password",
]);

/** Links for new passwords, and the tokens with which programs read the log. */
export const tokenRows: RowSource = {
  actions: [
    ...ENDS_LINK,
    "user.create_password_reset",
    "tenant.add_monitor",
    "tenant.remove_monitor",
  ],
  recorded(entry) {
    const row = recordedToken(entry);
    return row === undefined ? [] : [row];
  },
  read,
};

function recordedToken(entry: LoggedEntry): RecordedRow | undefined {
  const { action, resource, subject, details } = entry;
  const place = placeOf.link(subject ?? resource.id);
  if (ENDS_LINK.has(action)) return { place, values: [] };
  const { data: token } = tokenDetails.safeParse(details);
  if (action === "user.create_password_reset") return token && { place, values: tokenWords(token) };
  const { data: monitor } = monitorDetails.safeParse(details);
  if (monitor === undefined) return undefined;
  const values = action === "tenant.add_monitor" && token !== undefined ? tokenWords(token) : [];
  return { place: placeOf.monitor(monitor.monitor), values };
}

const LINKS = `
  select user_id as name, encode(sha256(token_hash), 'hex') as "tokenDigest", expires_at_ms as "expiresAtMs",
    created_at_ms as "createdAtMs"
  from password_resets`;
const MONITORS = `
  select name, encode(sha256(token_hash), 'hex') as "tokenDigest", expires_at_ms as "expiresAtMs",
    created_at_ms as "createdAtMs"
  from audit_monitors`;

interface TokenRow {
  readonly name: string;
  readonly tokenDigest: string;
  readonly expiresAtMs: number;
  readonly createdAtMs: number;
}

async function read(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = new Map<string, StoredRow>();
  for (const [sql, place] of [
    [LINKS, placeOf.link],
    [MONITORS, placeOf.monitor],
  ] as const) {
    const stored = await client.query<TokenRow>(sql);
    for (const { name, createdAtMs, ...token } of stored.rows)
      rows.set(place(name), { words: tokenWords(token), createdAtMs });
  }
  return rows;
}
