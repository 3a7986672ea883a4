import { createHash, createPrivateKey, randomBytes, randomUUID, sign } from "node:crypto";
import { decodeFrame, encodeFrame, type Cursor } from "../../../crypto/wire/frame.ts";
import { uuidToBytes } from "../../../crypto/wire/uuid.ts";
import { newId } from "../../testkit/ids.ts";
import { idFromBytes, type ConversationId, type MessageId } from "../../../crypto/wire/ids.ts";
import type { Dialect, RelayConnectionEvents } from "./relay-connection.ts";
import { writeMessageId } from "./message-id.ts";
import { BODY_BYTES, type RoomSpec, type SealdeskLinkSpec } from "./party.ts";

/** The first bytes of the frames that a load uses: their tags in the frame's oneof. */
const ACCEPTED = (9 << 3) | 2;
const DELIVER = (11 << 3) | 2;
/** The approximate length of a pairwise encrypted sender-key distribution. */
const PACKET_BYTES = 201;
/** The tenant's default: a sending key serves this many messages. */
const KEY_MESSAGES = 100;

/**
 * Creates the dialect of Sealdesk. The proof is signed here, before the connection is made, because
 * it is the device's work and not the relay's.
 */
export function sealdeskDialect(spec: SealdeskLinkSpec): Dialect {
  const hello = encodeFrame({
    kind: "hello",
    body: {
      version: 1,
      accessToken: spec.accessToken,
      deviceProof: proofOf(spec),
      generation: 1,
      includeFinished: false,
    },
  });
  const known = new Map(spec.cursors.map(({ conversation, seq }) => [conversation, seq]));
  const start: Cursor[] = [];
  let unsynced: number | undefined;
  return {
    path: "/v1/relay",
    subprotocol: "sealdesk.v1",
    hello: () => hello,
    read(frame, events, say) {
      if (frame[0] === ACCEPTED || frame[0] === DELIVER) {
        readEvent(frame, frame[0], events);
        return false;
      }
      const { kind, body } = decodeFrame(frame);
      if (kind === "heads")
        for (const { conversation, acknowledged } of body.heads)
          start.push({ conversation, seq: known.get(conversation) ?? acknowledged });
      else if (kind === "welcome") {
        unsynced = start.length;
        say(encodeFrame({ kind: "ack", body: { cursors: start } }));
      } else if (kind === "synced" && unsynced !== undefined) unsynced--;
      else if (kind === "refused" || kind === "fault")
        throw new Error(`the relay answered: ${body.code}: ${body.message}`);
      return unsynced === 0;
    },
    ack: (cursors) =>
      encodeFrame({
        kind: "ack",
        body: {
          cursors: Array.from(cursors, ([key, seq]) => ({
            conversation: idFromBytes<ConversationId>(Buffer.from(key, "latin1")),
            seq,
          })),
        },
      }),
    writer: roomWriter,
  };
}

/**
 * `accepted` and `deliver` begin with conversation and number. In `accepted` there is an id in
 * between.
 */
function readEvent(frame: Buffer, kind: number, events: RelayConnectionEvents): void {
  let at = 1;
  while ((frame[at++] ?? 0) >= 0x80);
  if (frame[at] !== 0x0a || frame[at + 1] !== 16) throw new Error("a frame of another layout");
  const key = frame.toString("latin1", at + 2, at + 18);
  at += kind === ACCEPTED ? 18 + 18 + 1 : 18 + 1;
  let seq = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = frame[at++] ?? 0;
    seq += (byte & 127) * factor;
    if (byte < 0x80) break;
  }
  if (kind === ACCEPTED) events.accepted(key, seq);
  else events.delivered(key, seq);
}

/** The messages of a conversation: one frame, in which the message id is replaced each time. */
function roomWriter(room: RoomSpec): () => Uint8Array {
  const id = newId<MessageId>();
  const frameWith = (keyId: string, first: boolean) => {
    const frame = encodeFrame({
      kind: "send",
      body: {
        conversation: room.conversation,
        clientMessageId: id,
        epoch: 1,
        keyId,
        ciphertext: randomBytes(BODY_BYTES),
        commitment: randomBytes(32),
        packets: first
          ? room.others.map((device) => ({ device, bytes: randomBytes(PACKET_BYTES) }))
          : [],
      },
    });
    return Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  };
  // A key already in use has served all stored messages.
  let sent = room.keyId === undefined ? 0 : room.head - 1;
  let keyId = room.keyId ?? randomUUID();
  let frame: Buffer = Buffer.alloc(0);
  let idAt = 0;
  return () => {
    const turn = sent++ % KEY_MESSAGES;
    if (turn <= 1 || frame.length === 0) {
      if (turn === 0) keyId = randomUUID();
      frame = frameWith(keyId, turn === 0);
      idAt = frame.indexOf(uuidToBytes(id));
    }
    writeMessageId(frame, idAt);
    return frame;
  };
}

/** Returns a DPoP proof (RFC 9449), made by hand because thousands are signed within its minute. */
function proofOf({ url, accessToken, jwk }: SealdeskLinkSpec): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { kty, crv, x } = jwk;
  const header = part({ alg: "EdDSA", typ: "dpop+jwt", jwk: { kty, crv, x } });
  const claims = part({
    jti: randomUUID(),
    htm: "GET",
    htu: `${url}/v1/relay`,
    ath: createHash("sha256").update(accessToken).digest("base64url"),
    iat: Math.floor(Date.now() / 1000),
  });
  const key = createPrivateKey({ key: { ...jwk }, format: "jwk" });
  const signature = sign(null, Buffer.from(`${header}.${claims}`), key).toString("base64url");
  return `${header}.${claims}.${signature}`;
}
