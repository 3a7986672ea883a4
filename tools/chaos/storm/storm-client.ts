import { createHash, randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { importJWK, SignJWT } from "jose";
import { WebSocket } from "ws";
import { decodeFrame, encodeFrame, type Frame } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import type { StormDevice } from "./arrange-storm.ts";

/** The events of one device until it had caught up. */
export interface Seen {
  /** The number of events that it received, in the order of their numbers and each once. */
  readonly delivered: number;
  readonly outOfOrder: number;
  /** Connections beyond the first. */
  readonly reconnections: number;
}

const firstWaitMs = 250;
const longestWaitMs = 5_000;

/**
 * Connects as `device` and stays connected. It speaks frames without cryptography until it was told
 * that it has caught up. If it is disconnected, it tries again with full jitter.
 */
export async function catchUp(
  url: string,
  device: StormDevice,
  accessToken: string,
  random: () => number,
): Promise<Seen> {
  const progress = { cursor: 0, outOfOrder: 0 };
  for (let attempt = 0; ; attempt++) {
    const deviceProof = await proofOf(url, device, accessToken);
    const hello = encodeFrame({
      kind: "hello",
      body: {
        version: 1,
        accessToken,
        deviceProof,
        generation: attempt + 1,
        includeFinished: false,
      },
    });
    if (await synced(url, hello, device.conversation, progress)) {
      const { cursor, outOfOrder } = progress;
      return { delivered: cursor, outOfOrder, reconnections: attempt };
    }
    await wait(random() * Math.min(longestWaitMs, firstWaitMs * 2 ** attempt));
  }
}

/**
 * One connection.
 * @returns false if it ended before everything had arrived
 */
function synced(
  url: string,
  hello: Uint8Array,
  conversation: ConversationId,
  progress: { cursor: number; outOfOrder: number },
): Promise<boolean> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/relay`, "sealdesk.v1", {
    perMessageDeflate: false,
  });
  return new Promise((resolve) => {
    socket.on("open", () => socket.send(hello));
    socket.on("error", () => undefined); // `close` follows
    socket.on("close", () => resolve(false));
    socket.on("message", (data) => {
      const frame: Frame = decodeFrame(data as Buffer);
      const acknowledge = (seq: number) =>
        socket.send(encodeFrame({ kind: "ack", body: { cursors: [{ conversation, seq }] } }));
      if (frame.kind === "welcome") acknowledge(progress.cursor);
      if (frame.kind === "deliver") {
        if (frame.body.seq !== progress.cursor + 1) progress.outOfOrder++;
        progress.cursor = frame.body.seq;
      }
      if (frame.kind !== "synced") return;
      acknowledge(frame.body.seq);
      resolve(true);
    });
  });
}

/** RFC 9449 section 4.2. */
async function proofOf(url: string, { key }: StormDevice, accessToken: string): Promise<string> {
  const { d: _private, ...jwk } = key;
  return new SignJWT({
    jti: randomUUID(),
    htm: "GET",
    htu: `${url}/v1/relay`,
    ath: createHash("sha256").update(accessToken).digest("base64url"),
  })
    .setProtectedHeader({ alg: "EdDSA", typ: "dpop+jwt", jwk })
    .setIssuedAt()
    .sign(await importJWK(key, "EdDSA"));
}
