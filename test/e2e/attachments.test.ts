import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttachmentItem, Conversation, Fetch, UploadProgress } from "../../client/index.ts";
import { deferred } from "../../client/deferred.ts";
import {
  connectCustomer,
  connectStaff,
  joined,
  readUntil,
  type Member,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const megabyte = 1024 * 1024;
const marker = "the marker that only devices may see";
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

let server: TestServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-attachments-"));
  server = await startTestServer({ attachments: { kind: "directory", folder } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** 5 MiB that begin with the marker, in pieces. */
function file(): { readonly bytes: Buffer; readonly pieces: () => AsyncGenerator<Uint8Array> } {
  const bytes = Buffer.concat([Buffer.from(marker), randomBytes(5 * megabyte - marker.length)]);
  return {
    bytes,
    async *pieces() {
      for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000);
    },
  };
}

async function received(conversation: Conversation): Promise<AttachmentItem> {
  const items = await readUntil(conversation, (all) => all.at(-1)?.kind === "attachment");
  return items.at(-1) as AttachmentItem;
}

async function downloaded({ attachment }: AttachmentItem): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of attachment.download()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What of files is left on a device's disk. */
async function spooled({ level }: Member): Promise<string[]> {
  const entries = await level.iterator({ keyEncoding: "utf8", valueEncoding: "view" }).all();
  return entries.map(([key]) => key).filter((key) => /^(spool|upload)/.test(key));
}

const isPatch = (init: { readonly method: string }) => init.method === "PATCH";

test("two devices exchange a file; the server has none of it", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asked = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { bytes, pieces } = file();
  const progress: UploadProgress[] = [];
  const sent = await asked.sendAttachment({
    name: "Schadensfoto 🙂.png",
    type: "image/png",
    size: bytes.length,
    data: pieces(),
    onProgress: (step) => progress.push(step),
  });

  for (const conversation of [asked, await joined(agent, asked.id)]) {
    const item = await received(conversation);
    expect(item).toMatchObject({
      seq: sent.seq,
      id: sent.id,
      sender: customer.sealdesk.user.id,
      attachment: { name: "Schadensfoto 🙂.png", type: "image/png", size: bytes.length },
    });
    expect(sha256(await downloaded(item))).toBe(sha256(bytes));
  }
  expect(progress.at(-1)?.uploaded).toBe(progress.at(-1)?.total);
  expect(progress.length).toBeGreaterThan(4);

  const stored = await readdir(folder, { recursive: true, withFileTypes: true });
  const blobs = stored.filter((entry) => entry.isFile());
  expect(blobs).toHaveLength(1);
  for (const { parentPath, name } of blobs)
    expect((await readFile(join(parentPath, name))).includes(marker)).toBe(false);
  const { rows } = await server.database.owner.query("select * from sealdesk.attachments");
  expect(JSON.stringify(rows)).not.toContain("Schadensfoto");
  expect(server.logged()).not.toContain("Schadensfoto");
  // Nothing of it stays in the device's spool.
  expect(await spooled(customer)).toEqual([]);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});

test("bytes and blobs are as good as a stream, and an empty file is one", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asked = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await asked.sendAttachment({ name: "a", type: "text/plain", data: new Blob(["Hello"]) });
  const item = await received(await joined(agent, asked.id));
  expect((await downloaded(item)).toString()).toBe("Hello");
  const bytes = Buffer.from("More");
  const more = await asked.sendAttachment({ name: "../../b\u202etxt.exe", type: "", data: bytes });
  const { seq } = await asked.sendAttachment({ name: "", type: "", data: new Blob([]) });
  const all = await readUntil(asked, (items) => items.at(-1)?.seq === seq);
  const [second, last] = [more.seq, seq].map(
    (each) => all.find((found) => found.seq === each) as AttachmentItem,
  );
  expect((await downloaded(second!)).toString()).toBe("More");
  expect(second!.attachment).toMatchObject({
    name: "../../b\u202etxt.exe",
    safeName: "_.._btxt.exe",
  });
  expect(await downloaded(last!)).toHaveLength(0);
  expect(last!.attachment).toMatchObject({ name: "", safeName: "file" });
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});

test("an upload survives cut connections and a restart in its middle", async () => {
  const agent = await connectStaff(server);
  let patches = 0;
  const lost = deferred<void>();
  // The third piece of the upload does not come through, nor does anything after it.
  const fetchUntilCut: Fetch = (url, init) => {
    if (isPatch(init) && ++patches > 2) {
      lost.resolve();
      return Promise.reject(new Error("cut"));
    }
    return fetch(url, init);
  };
  const customer = await connectCustomer(server, { runtime: { fetch: fetchUntilCut } });
  const asked = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { bytes, pieces } = file();
  const sending = asked.sendAttachment({ name: "f", type: "x/y", data: pieces() });
  const ended = expect(sending).rejects.toMatchObject({ code: "closed" });
  await lost.promise;

  const offsets: string[] = [];
  const watched: Fetch = (url, init) => {
    if (isPatch(init)) offsets.push(init.headers["upload-offset"] ?? "");
    return fetch(url, init);
  };
  const again = await customer.restart({ runtime: { fetch: watched } });
  await ended;
  const item = await received(await joined(agent, asked.id));
  expect(sha256(await downloaded(item))).toBe(sha256(bytes));
  // What the server had was not sent again.
  expect(offsets[0]).toBe(String(2 * megabyte));
  await Promise.all([agent.sealdesk.close(), again.sealdesk.close()]);
});

test("a download goes on where it was cut, and damage is found", async () => {
  const agent = await connectStaff(server);
  let cut = true;
  let flip = false;
  const ranges: (string | undefined)[] = [];
  const fetchCutOnce: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (init.method !== "GET" || !url.includes("/attachments/")) return response;
    ranges.push(init.headers["range"]);
    const whole = new Uint8Array(await response.arrayBuffer());
    if (flip) whole[2 * megabyte]! ^= 1;
    const given = cut ? whole.subarray(0, megabyte + 17) : whole;
    const failing = cut;
    cut = false;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(given);
        if (!failing) controller.close();
      },
      pull(controller) {
        controller.error(new Error("cut"));
      },
    });
    const { ok, status, headers } = response;
    return { ok, status, headers, body, text: () => Promise.resolve("") };
  };
  const customer = await connectCustomer(server, { runtime: { fetch: fetchCutOnce } });
  const asked = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { bytes, pieces } = file();
  await (await joined(agent, asked.id)).sendAttachment({ name: "f", type: "x/y", data: pieces() });
  const item = await received(asked);
  expect(sha256(await downloaded(item))).toBe(sha256(bytes));
  expect(ranges).toEqual([undefined, `bytes=${megabyte + 17}-`]);

  flip = true;
  let verified = 0;
  const damaged = async () => {
    for await (const piece of item.attachment.download()) verified += piece.length;
  };
  await expect(damaged()).rejects.toMatchObject({ code: "attachment_damaged", problem: "damaged" });
  expect(verified).toBeLessThan(2 * megabyte);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});

test("an attachment that the server refuses is given up with the server's code", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asked = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await server.database.owner.query("update sealdesk.tenants set attachment_max_bytes = 10000");
  await expect(
    asked.sendAttachment({ name: "f", type: "x/y", data: new Blob([randomBytes(20_000)]) }),
  ).rejects.toMatchObject({ code: "attachment_too_large" });
  async function* failing() {
    yield randomBytes(10);
    throw new Error("the disk is gone");
  }
  await expect(
    asked.sendAttachment({ name: "f", type: "x/y", data: failing() }),
  ).rejects.toMatchObject({ code: "attachment_unreadable" });
  await expect(
    asked.sendAttachment({ name: "f", type: "x/y", size: 5, data: new Blob(["four"]) }),
  ).rejects.toMatchObject({ code: "attachment_unreadable" });
  expect(await spooled(customer)).toEqual([]);
  await Promise.all([agent.sealdesk.close(), customer.sealdesk.close()]);
});
