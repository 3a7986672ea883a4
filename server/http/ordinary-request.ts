import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Headers that belong to an upgrade of the connection. */
const OF_UPGRADE: ReadonlySet<string> = new Set(["upgrade", "http2-settings"]);

/**
 * Serves a request that asks for a protocol which is not spoken here, as if it had not asked (RFC
 * 9110 section 7.8). Node hands such a request over with its stream, and no longer answers it. So
 * the stream becomes a new connection, which begins with the same request without the headers of
 * the upgrade.
 * @param head bytes that were read after the request's headers
 */
export function serveAsOrdinary(
  server: Server,
  request: IncomingMessage,
  stream: Duplex,
  head: Buffer,
): void {
  const { method = "", url = "", httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const kept = valueWithoutUpgrade(name.toLowerCase(), value);
    if (kept !== undefined) lines.push(`${name}: ${kept}`);
  }
  // Node reads header values as Latin-1.
  const begin = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  stream.unshift(Buffer.concat([begin, head]));
  server.emit("connection", stream);
}

function valueWithoutUpgrade(name: string, value: string): string | undefined {
  if (OF_UPGRADE.has(name)) return undefined;
  if (name !== "connection") return value;
  const options = value.split(",").map((option) => option.trim());
  const kept = options.filter((option) => !OF_UPGRADE.has(option.toLowerCase()));
  return kept.length === 0 ? undefined : kept.join(", ");
}
