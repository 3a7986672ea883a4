import { hash } from "node:crypto";
import { z } from "zod";
import { concat, toHex } from "../../crypto/wire/bytes.ts";
import { noticeBytes, type Notice } from "../../crypto/wire/notice.ts";
import type { Client } from "../../db/pool.ts";
import type { StoredRow } from "./row-places.ts";
import type { RowSource } from "./row-source.ts";

const placeOf = (version: number): string => `sealdesk.notices ${version}`;

const published = z.looseObject({
  version: z.number(),
  hash: z.string(),
  effectiveFromMs: z.number(),
});
const withdrawn = z.looseObject({ version: z.number() });

const wordsOf = (notice: z.output<typeof published>): readonly string[] => [
  `texts ${notice.hash}`,
  `from ${notice.effectiveFromMs}`,
];

/** Published privacy notices: their texts in every language, their controller, and when they took effect. */
export const noticeRows: RowSource = {
  actions: ["notice.publish", "notice.withdraw"],
  recorded({ action, details }) {
    if (action === "notice.publish") {
      const { data } = published.safeParse(details);
      return data === undefined ? [] : [{ place: placeOf(data.version), values: wordsOf(data) }];
    }
    if (action !== "notice.withdraw") return [];
    const { data } = withdrawn.safeParse(details);
    return data === undefined ? [] : [{ place: placeOf(data.version), values: [] }];
  },
  read,
};

const TEXTS = `
  select n.tenant, n.version, n.controller, n.effective_from_ms as "effectiveFromMs",
    a.requested_at_ms as "createdAtMs", t.language, t.text
  from notices n join approvals a on a.tenant = n.tenant and a.id = n.approval
  left join notice_texts t on t.tenant = n.tenant and t.version = n.version
  where n.effective_from_ms is not null order by n.version, t.language collate "C"`;

type TextRow = Notice & { readonly effectiveFromMs: number; readonly createdAtMs: number };

/** Computes the hash of each version from what devices are shown. */
async function read(client: Client): Promise<ReadonlyMap<string, StoredRow>> {
  const { rows } = await client.query<TextRow>(TEXTS);
  const found = new Map<string, StoredRow>();
  for (const { version, effectiveFromMs, createdAtMs } of rows) {
    if (found.has(placeOf(version))) continue;
    const texts = rows.filter((each) => each.version === version);
    const digests = texts.map((each) => sha256(noticeBytes(each)));
    const words = wordsOf({ version, hash: toHex(sha256(concat(...digests))), effectiveFromMs });
    found.set(placeOf(version), { words, createdAtMs });
  }
  return found;
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");
