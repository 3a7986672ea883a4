import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { DeliveredMessage } from "../../crypto/device/open-message.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";
import { AtRest, type StoredBytes } from "../../tools/testkit/at-rest.ts";
import type { Member } from "./member.ts";
import type { TestServer } from "./server.ts";

export interface RawMessage extends Omit<DeliveredMessage, "packet" | "nowMs"> {
  readonly seq: number;
}

/** Every message of a conversation as the database has it, which no device is ever given whole. */
export async function rawMessages(
  server: TestServer,
  conversation: ConversationId,
): Promise<readonly RawMessage[]> {
  const { rows } = await server.database.owner.query(
    `select tenant, conversation, seq::int, received_at_ms::float8 as "receivedAtMs",
       ciphertext as bytes, sender_device, epoch, key_id, client_message_id, commitment
     from sealdesk.events where conversation = $1 and kind = 1 order by seq`,
    [conversation],
  );
  return withKeys(server, (atRest) =>
    Promise.all(
      rows.map(async (row) => ({
        conversation,
        seq: row.seq,
        senderDevice: row.sender_device,
        epoch: row.epoch,
        keyId: row.key_id,
        clientMessageId: row.client_message_id,
        ciphertext: await atRest.unseal(row),
        commitment: row.commitment,
      })),
    ),
  );
}

/** All key packets of a conversation, whomever they are for. */
export async function rawPackets(
  server: TestServer,
  conversation: ConversationId,
): Promise<readonly Uint8Array[]> {
  const { rows } = await server.database.owner.query<StoredBytes & { readonly sealed: boolean }>(
    `select p.tenant, conversation, seq::int, p.received_at_ms::float8 as "receivedAtMs", device, bytes,
       kind = 1 as sealed
     from sealdesk.packets p join sealdesk.events e using (conversation, seq)
     where conversation = $1 and kind > 0 order by seq`,
    [conversation],
  );
  // Only messages have a key at rest: a grant's packets stand as their device sealed them.
  return withKeys(server, (atRest) =>
    Promise.all(
      rows.map(async ({ sealed, ...row }) => (sealed ? await atRest.unseal(row) : row.bytes)),
    ),
  );
}

async function withKeys<T>(
  { home, database }: TestServer,
  work: (atRest: AtRest) => Promise<T>,
): Promise<T> {
  const atRest = await AtRest.open(home, database.ownerUrl);
  try {
    return await work(atRest);
  } finally {
    await atRest.close();
  }
}

/**
 * Tries to open messages with everything a closed device has on its disk and every packet there
 * is, as a relay that hands out whatever it holds could make it do.
 * @returns the seqs that opened
 */
export async function openableBy(
  member: Member,
  messages: readonly RawMessage[],
  packets: readonly Uint8Array[],
): Promise<number[]> {
  const store = await DeviceStore.open(member.level, member.key);
  const suite = signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 });
  const opened: number[] = [];
  for (const { seq, ...message } of messages)
    for (const packet of [undefined, ...packets]) {
      // Rolled back every time, so that one attempt cannot spoil the next.
      const failure = await store
        .transact(async (transaction) => {
          await suite.open(transaction, { ...message, packet, nowMs: 0 });
          throw new Error("opened");
        })
        .catch((error: unknown) => error as Error);
      if (failure instanceof Error && failure.message === "opened") {
        opened.push(seq);
        break;
      }
    }
  await store.close();
  return opened;
}
