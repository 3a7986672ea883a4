import type pg from "pg";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../../crypto/device/store.ts";
import type { OpenRequest } from "../../../crypto/device/suite.ts";
import type { AtRest, StoredBytes } from "../../testkit/at-rest.ts";
import { newSuite, openDeviceStore, type DeviceHome } from "../../testkit/connect-device.ts";

/** A message with all key material that was ever sent with it, for any device. */
export interface Taken {
  /** The device that sent it. */
  readonly sender: DeviceId;
  readonly requests: readonly OpenRequest[];
}

/**
 * Returns a conversation's messages as an attacker takes them who has the whole database and the
 * server's keys: each ciphertext without a packet, and with every device's packet.
 */
export async function takeMessages(
  administrator: pg.Client,
  atRest: AtRest,
  conversation: ConversationId,
): Promise<readonly Taken[]> {
  const stored = await administrator.query<StoredMessage>(
    `select tenant, conversation, seq::int, received_at_ms::float8 as "receivedAtMs", epoch,
       sender_device as "senderDevice", key_id as "keyId", ciphertext as bytes
     from sealdesk.events where conversation = $1 and kind = 1 order by seq`,
    [conversation],
  );
  const packets = await administrator.query<StoredPacket>(
    `select p.tenant, p.conversation, p.seq::int, p.received_at_ms::float8 as "receivedAtMs", p.device,
       p.bytes, e.key_id as "keyId"
     from sealdesk.packets p join sealdesk.events e using (conversation, seq)
     where p.conversation = $1`,
    [conversation],
  );
  const packetsOf = new Map<Uuid, Uint8Array[]>();
  for (const { keyId, ...packet } of packets.rows) {
    const known = packetsOf.get(keyId) ?? [];
    packetsOf.set(keyId, [...known, await atRest.unseal(packet)]);
  }
  const taken: Taken[] = [];
  for (const { epoch, senderDevice, keyId, ...row } of stored.rows) {
    const message = { conversation, epoch, senderDevice, keyId, nowMs: 0 };
    const ciphertext = await atRest.unseal(row);
    const requests = [undefined, ...(packetsOf.get(keyId) ?? [])].map((packet) => ({
      ...message,
      ciphertext,
      packet,
    }));
    taken.push({ sender: senderDevice, requests });
  }
  return taken;
}

interface StoredMessage extends StoredBytes {
  readonly epoch: number;
  readonly senderDevice: DeviceId;
  readonly keyId: Uuid;
}

interface StoredPacket extends StoredBytes {
  readonly keyId: Uuid;
}

/** The result of a device's attempts to open messages that it may not read. */
export interface UnauthorisedDecrypt {
  readonly attempts: number;
  readonly opened: number;
}

/**
 * Tries to open messages with the state of a switched-off device: every ciphertext with every
 * packet. Each transaction is discarded.
 */
export async function tryUnauthorisedDecrypt(
  device: DeviceHome,
  messages: readonly Taken[],
): Promise<UnauthorisedDecrypt> {
  const store = await openDeviceStore(device);
  try {
    let [attempts, opened] = [0, 0];
    for (const { requests } of messages)
      for (const request of requests) {
        attempts++;
        if ((await attempt(store, request)) === "opened") opened++;
      }
    return { attempts, opened };
  } finally {
    await store.close();
  }
}

/**
 * Returns whether the attempts could succeed at all. For messages that the device did open, the
 * suite recognises them instead of reporting a missing key.
 */
export async function wouldNotice(device: DeviceHome, opened: readonly Taken[]): Promise<boolean> {
  const store = await openDeviceStore(device);
  try {
    for (const { requests } of opened)
      for (const request of requests.slice(0, 1))
        if ((await attempt(store, request)) !== "duplicate") return false;
    return true;
  } finally {
    await store.close();
  }
}

const suite = newSuite();

class ThrownAway extends Error {}

/** @returns "opened", or the code of the suite's refusal */
async function attempt(store: DeviceStore, request: OpenRequest): Promise<string> {
  try {
    return await store.transact(async (transaction) => {
      await suite.open(transaction, request);
      throw new ThrownAway();
    });
  } catch (error) {
    if (error instanceof ThrownAway) return "opened";
    const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
    if (name === "SuiteError" && typeof code === "string") return code;
    throw error;
  }
}
