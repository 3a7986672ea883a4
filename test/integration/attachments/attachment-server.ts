import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { RunningDigests } from "../../../messaging/attachments/running-digests.ts";
import { sweepAttachments } from "../../../messaging/attachments/sweep.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { send } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

/** A server that stores attachments in a folder, and a conversation of two members. */
export interface AttachmentServer {
  readonly server: TestServer;
  readonly folder: string;
  readonly customer: TestDevice;
  readonly agent: TestDevice;
  readonly conversation: ConversationId;
  /** Downloads, or reads a part of it. */
  get(device: TestDevice, path: string, range?: string): Promise<Response>;
  /** The names of all files in the folder. */
  files(): Promise<readonly string[]>;
  /** @param now Milliseconds since the Unix epoch. @returns the number of removed attachments */
  sweep(now: () => number): Promise<number>;
  close(): Promise<void>;
}

export async function startAttachmentServer(): Promise<AttachmentServer> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-attachments-"));
  const server = await startTestServer({ attachments: { kind: "directory", folder } });
  const customer = await customerDevice(server);
  const agent = await staffDevice(server);
  return {
    server,
    folder,
    customer,
    agent,
    conversation: await createConversation(customer, [agent]),
    get: (device, path, range) =>
      send(server, device, "GET", path, range === undefined ? {} : { range }),
    files: async () =>
      (await readdir(folder, { recursive: true })).filter((name) => name.includes("-")),
    sweep: (now) =>
      sweepAttachments({
        pool: server.database.pool,
        store: directoryStore(folder),
        digests: new RunningDigests(),
        now,
      }),
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const bytesOf = async (response: Response): Promise<Buffer> =>
  Buffer.from(await response.arrayBuffer());

/** The status of a problem, and its code. */
export const codeOf = async (response: Response): Promise<readonly [number, string]> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];
