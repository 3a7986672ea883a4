import { createHmac, timingSafeEqual } from "node:crypto";
import type { ConversationId, DeviceId, MessageId, UserId } from "../../crypto/wire/ids.ts";
import { decodePayload, differingContext } from "../../crypto/wire/payload.ts";
import { verifyReport, type ReportChecks, type ReportVerdict } from "../../crypto/wire/report.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { Client } from "../../db/pool.ts";
import { arrivalOf } from "../../identity/transparency/logged-account-keys.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import type { Secret } from "../../keys/secret.ts";
import { ReportError } from "./report-error.ts";

/** What a member discloses of a message. Header and author are those of the server's own logs. */
export interface DisclosedMessage {
  readonly seq: number;
  /** True for a message that is shown to make the others understood. */
  readonly isContext: boolean;
  /** The server's tag as the device received it, 32 bytes. */
  readonly frankingTag: Uint8Array;
  /** 32 bytes. */
  readonly frankingKey: Uint8Array;
  /** The sending device's, 64 bytes. */
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
}

/** A disclosed message that the server has accepted from its author in this place. */
export interface VerifiedMessage extends DisclosedMessage {
  readonly author: UserId;
  readonly senderDevice: DeviceId;
  readonly receivedAtMs: number;
}

interface LoggedMessage {
  readonly senderDevice: DeviceId;
  readonly epoch: number;
  readonly clientMessageId: MessageId;
  readonly receivedAtMs: number;
  readonly author: UserId;
  readonly frankingTag: Uint8Array;
}

const LOGGED = `
  select e.sender_device as "senderDevice", e.epoch, e.client_message_id as "clientMessageId",
    e.received_at_ms as "receivedAtMs", e.franking_tag as "frankingTag", m.user_id as author
  from events e
  cross join lateral (
    select user_id from member_devices d where d.conversation = e.conversation and d.device = e.sender_device limit 1) m
  where e.conversation = $1 and e.seq = $2 and e.kind = 1`;

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);

const checks: ReportChecks = {
  hmac: (key, input) => createHmac("sha256", key).update(input).digest(),
  verify: verifyEd25519,
  equal,
};

/**
 * Verifies what a report discloses of a message: that the server has this message in this place of the conversation, that it
 * gave it this tag under one of its keys, and that the author's device, which the key log has, signed exactly this payload
 * for this place. The caller's transaction is fenced to the tenant, so no other tenant's message is found.
 * @param keys all franking keys, also those that were rotated
 * @throws ReportError report_not_authentic
 */
export async function verifyMessage(
  client: Client,
  keys: readonly Secret<Uint8Array>[],
  conversation: ConversationId,
  disclosed: DisclosedMessage,
): Promise<VerifiedMessage> {
  const { rows } = await client.query<LoggedMessage>(LOGGED, [conversation, disclosed.seq]);
  const [logged] = rows;
  if (logged === undefined) throw notAuthentic("not_in_log");
  const { author, senderDevice, receivedAtMs, frankingTag, ...rest } = logged;
  if (!equal(frankingTag, disclosed.frankingTag)) throw notAuthentic("tag_mismatch");
  const arrival = await arrivalOf(client, author, senderDevice);
  if (arrival === undefined) throw notAuthentic("author_not_in_key_log");
  const header = { conversation, senderDevice, receivedAtMs, ...rest };
  const message = { ...disclosed, header };
  let verdict: ReportVerdict = "tag_mismatch";
  for (const key of keys) {
    verdict = verifyReport(checks, key.reveal(), message, arrival);
    if (verdict !== "tag_mismatch") break;
  }
  if (verdict !== "authentic") throw notAuthentic(verdict);
  assertCanonical(disclosed.payload, header);
  return { ...disclosed, author, senderDevice, receivedAtMs };
}

/** Requires that a payload is of the canonical form and was made for this place. @throws ReportError report_not_authentic */
function assertCanonical(payload: Uint8Array, header: Parameters<typeof differingContext>[1]) {
  try {
    if (differingContext(decodePayload(payload), header).length > 0)
      throw notAuthentic("made_for_another_place");
  } catch (error) {
    if (error instanceof WireError) throw notAuthentic(error.code);
    throw error;
  }
}

const notAuthentic = (why: string): ReportError =>
  new ReportError(
    "report_not_authentic",
    "The server did not accept such a message of this author in this place. Report messages as your device has them.",
    { reasons: [why] },
  );
