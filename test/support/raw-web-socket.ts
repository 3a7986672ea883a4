import { randomBytes } from "node:crypto";
import { RawConnection } from "./raw-http.ts";

/** A frame as a client sends it (RFC 6455 section 5.2), masked with zeros. */
export function rawFrame(
  opcode: "continuation" | "binary" | "close" | "ping",
  payload: Uint8Array,
  { fin = true, claim = payload.length }: { readonly fin?: boolean; readonly claim?: number } = {},
): Buffer {
  const code = { continuation: 0, binary: 2, close: 8, ping: 9 }[opcode];
  const first = (fin ? 0x80 : 0) | code;
  const mask = Buffer.alloc(4);
  if (claim < 126) return Buffer.concat([Buffer.from([first, 0x80 | claim]), mask, payload]);
  const head = Buffer.alloc(claim < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = 0x80 | (claim < 65_536 ? 126 : 127);
  if (claim < 65_536) head.writeUInt16BE(claim, 2);
  else head.writeBigUInt64BE(BigInt(claim), 2);
  return Buffer.concat([head, mask, payload]);
}

/** Asks for a WebSocket at the relay. Take the answer before anything else. */
export const askForWebSocket = (
  url: string,
  headers: Readonly<Record<string, string>> = {},
  path = "/v1/relay",
): RawConnection =>
  new RawConnection(url).request(`GET ${path}`, {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Protocol": "sealdesk.v1",
    ...headers,
  });
