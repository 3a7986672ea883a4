import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { SignJWT } from "jose";
import { WebSocket } from "ws";
import {
  decodeFrame,
  encodeFrame,
  type Accepted,
  type Cursor,
  type Deliver,
  type Send,
} from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { AccessTokens } from "../../keys/tokens/access-token.ts";
import type { LoadDevice } from "./arrange.ts";

const ACK_EVERY = 32;

/** A device on the relay that speaks frames and does no cryptography. */
export class LoadSocket {
  readonly device: LoadDevice;
  readonly #socket: WebSocket;
  readonly #sinceAck = new Map<Uuid, number>();
  onAccepted: (accepted: Accepted) => void = () => undefined;
  onDeliver: (deliver: Deliver) => void = () => undefined;
  onSynced: (synced: Cursor) => void = () => undefined;

  private constructor(device: LoadDevice, socket: WebSocket) {
    this.device = device;
    this.#socket = socket;
    socket.on("message", (data) => this.#onMessage(data as Buffer));
  }

  /** Connects, says hello, and resolves with the first `synced`. */
  static async open(url: string, device: LoadDevice, tokens: AccessTokens): Promise<LoadSocket> {
    const now = Date.now();
    const { accessToken } = await tokens.issue(
      {
        tenant: device.tenant,
        user: device.user,
        role: "agent",
        session: device.session,
        thumbprint: device.thumbprint,
      },
      now,
      now + 3_600_000,
    );
    const deviceProof = await new SignJWT({
      jti: randomUUID(),
      htm: "GET",
      htu: `${url}/v1/relay`,
      ath: createHash("sha256").update(accessToken).digest("base64url"),
    })
      .setProtectedHeader({ alg: "EdDSA", typ: "dpop+jwt", jwk: device.publicJwk })
      .setIssuedAt()
      .sign(device.deviceKey);
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/relay`, "sealdesk.v1", {
      perMessageDeflate: false,
    });
    await once(socket, "open");
    const opened = new LoadSocket(device, socket);
    const synced = new Promise<void>((resolve, reject) => {
      opened.onSynced = () => resolve();
      socket.once("close", (code) => reject(new Error(`the relay closed the socket: ${code}`)));
    });
    socket.send(
      encodeFrame({ kind: "hello", body: { version: 1, accessToken, deviceProof, cursors: [] } }),
    );
    await synced;
    return opened;
  }

  send(send: Send): void {
    this.#socket.send(encodeFrame({ kind: "send", body: send }));
  }

  close(): void {
    this.#socket.terminate();
  }

  #onMessage(data: Buffer): void {
    const frame = decodeFrame(data);
    switch (frame.kind) {
      case "accepted":
        this.onAccepted(frame.body);
        return this.#acknowledge(frame.body);
      case "deliver":
        this.onDeliver(frame.body);
        return this.#acknowledge(frame.body);
      case "synced":
        return this.onSynced(frame.body);
      case "refused":
        throw new Error(`the relay refused a message: ${frame.body.code}`);
      case "fault":
        throw new Error(`the relay reported: ${frame.body.code}`);
      case "welcome":
      case "hello":
      case "send":
      case "ack":
      case "ackGap":
      case "gap":
      case "activity":
      case "presence":
      case "heartbeat":
        return undefined;
    }
  }

  #acknowledge({ conversation, seq }: Cursor): void {
    const count = (this.#sinceAck.get(conversation) ?? 0) + 1;
    this.#sinceAck.set(conversation, count % ACK_EVERY);
    if (count === ACK_EVERY)
      this.#socket.send(encodeFrame({ kind: "ack", body: { cursors: [{ conversation, seq }] } }));
  }
}
