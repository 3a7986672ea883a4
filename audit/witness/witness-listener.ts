import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { seenPath } from "./seen-by-witness.ts";
import { RESTORE_PATH } from "./tell-restores.ts";
import type { WitnessOptions } from "./witness-options.ts";
import { createWitness } from "./witness.ts";

const MOST_BYTES = 64 * 1024;

/**
 * Answers the HTTP requests of C2SP tlog-witness, and takes the statements that a log was restored.
 * Both prefixes are `/`.
 */
export function witnessListener(options: WitnessOptions): RequestListener {
  const { addCheckpoint, addRestore } = createWitness(options);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") return showSeen(request.url, response);
    const { method, url = "" } = request;
    if (method !== "POST" || !["/add-checkpoint", RESTORE_PATH].includes(url))
      return void response.writeHead(404).end();
    const body = await readBody(request);
    if (body === undefined) return void response.writeHead(413).end();
    if (url === RESTORE_PATH) return void response.writeHead(await addRestore(body)).end();
    const { status, type, body: text } = await addCheckpoint(body);
    response.writeHead(status, { "content-type": type }).end(text);
  }

  async function showSeen(path: string | undefined, response: ServerResponse): Promise<void> {
    const log = options.logs.find(({ name }) => seenPath(name) === path);
    const note = log && (await options.store.latest(log.name));
    if (note === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(note);
  }

  return (request, response) =>
    void respond(request, response).catch(
      () => response.headersSent || response.writeHead(500).end(),
    );
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
