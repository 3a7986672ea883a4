import { randomUUID } from "node:crypto";
import type { HttpRequest } from "tus-js-client";
import type { TestDevice } from "../../support/device.ts";
import type { TestServer } from "../../support/server.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

/** One request about attachments, with this device's token and a proof for exactly it. */
export function send(
  server: TestServer,
  device: TestDevice,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: Uint8Array<ArrayBuffer>,
): Promise<Response> {
  return fetch(server.url + path, {
    method,
    headers: {
      "tus-resumable": "1.0.0",
      authorization: `DPoP ${device.token}`,
      dpop: device.proof(method, path, { token: device.token }),
      ...headers,
    },
    ...(body && { body }),
  });
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Begins an upload. @returns the answer, and the upload's path */
export async function begin(
  server: TestServer,
  device: TestDevice,
  conversation: ConversationId,
  size: number,
  id: string = randomUUID(),
): Promise<{ readonly reply: Response; readonly path: string }> {
  const reply = await send(server, device, "POST", "/v1/attachments", {
    "upload-length": String(size),
    "upload-metadata": `conversation ${base64(conversation)},id ${base64(id)}`,
  });
  return { reply, path: `/v1/attachments/${id}` };
}

export const patch = (
  server: TestServer,
  device: TestDevice,
  path: string,
  offset: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Response> =>
  send(
    server,
    device,
    "PATCH",
    path,
    { "upload-offset": String(offset), "content-type": "application/offset+octet-stream" },
    bytes,
  );

/** Uploads `bytes` whole. @returns the upload's path */
export async function uploaded(
  server: TestServer,
  device: TestDevice,
  conversation: ConversationId,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const { reply, path } = await begin(server, device, conversation, bytes.length);
  if (reply.status !== 201) throw new Error(`not begun: ${await reply.text()}`);
  const { status } = await patch(server, device, path, 0, bytes);
  if (status !== 204) throw new Error(`not uploaded: ${status}`);
  return path;
}

/** Gives each of tus-js-client's requests a token and a proof of its own. */
export const proving =
  (server: TestServer, device: TestDevice) =>
  (request: HttpRequest): void => {
    const path = request.getURL().slice(server.url.length);
    request.setHeader("Authorization", `DPoP ${device.token}`);
    request.setHeader("DPoP", device.proof(request.getMethod(), path, { token: device.token }));
  };
