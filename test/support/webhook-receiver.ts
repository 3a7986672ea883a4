import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A message as a receiver got it. */
export interface Received {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server of a tenant that receives alerts. */
export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Answers; by default with status 204. */
  answer: (response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { headers } = request;
      received.push({
        id: String(headers["webhook-id"]),
        headers,
        body: Buffer.concat(parts).toString(),
      });
      made.answer(response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const made: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?token=of-the-receiver`,
    received,
    answer: (response) => void response.writeHead(204).end(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return made;
}

/** Whether a message is signed with the secret, as Standard Webhooks 1.0 says: not by the code under test. */
export function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const mac = createHmac("sha256", key).update(signed).digest("base64");
  return String(headers["webhook-signature"]).split(" ").includes(`v1,${mac}`);
}
