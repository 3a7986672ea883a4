import type { Conversation } from "../../../client/index.ts";
import type { StoredBytes } from "../../testkit/at-rest.ts";
import type { System } from "./system.ts";

type Id = Conversation["id"];

const MESSAGES = `
  select tenant, conversation, seq::int, received_at_ms::float8 as "receivedAtMs", ciphertext as bytes
  from sealdesk.events where conversation = any($1) and kind = 1`;
const PACKETS = `
  select tenant, conversation, seq::int, received_at_ms::float8 as "receivedAtMs", device, bytes
  from sealdesk.packets where conversation = any($1)`;

/**
 * Opens what the server stores of conversations, as somebody who has its database, its keystore and its key service.
 * @returns how many messages and key packets opened
 */
export async function openStored(system: System, conversations: readonly Id[]): Promise<number> {
  const atRest = await system.atRest();
  try {
    const { administrator } = system;
    const found = [
      ...(await administrator.query<StoredBytes>(MESSAGES, [conversations])).rows,
      ...(await administrator.query<StoredBytes>(PACKETS, [conversations])).rows,
    ];
    let opened = 0;
    for (const row of found) if (await atRest.unseal(row).then(Boolean, () => false)) opened++;
    return opened;
  } finally {
    await atRest.close();
  }
}

/** Returns how many messages of conversations the server has. */
export async function countMessages(system: System, conversations: readonly Id[]): Promise<number> {
  const { rows } = await system.administrator.query<{ count: number }>(
    "select count(*)::int as count from sealdesk.events where conversation = any($1) and kind = 1",
    [conversations],
  );
  return rows[0]?.count ?? 0;
}

/** Returns how many keys of conversations the keystore has. */
export async function countKeys(system: System, conversations: readonly Id[]): Promise<number> {
  const { rows } = await system.administrator.query<{ count: number }>(
    "select count(*)::int as count from keystore.scope_keys where conversation = any($1) and wrapped is not null",
    [conversations],
  );
  return rows[0]?.count ?? 0;
}

/** Returns how many entries of the audit logs have these fields. */
export async function countEntries(
  system: System,
  fields: { readonly action: string; readonly outcome: string; readonly reason?: string },
): Promise<number> {
  const { rows } = await system.administrator.query<{ entry: Uint8Array }>(
    "select entry from audit.entries where entry is not null",
  );
  const texts = rows.map(({ entry }) => Buffer.from(entry).toString("utf8"));
  return texts
    .filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>)
    .filter((entry) => Object.entries(fields).every(([name, value]) => entry[name] === value))
    .length;
}
