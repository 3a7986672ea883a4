import type { AttachmentId } from "../../../crypto/wire/ids.ts";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { s3Store } from "../../../messaging/attachments/stores/s3-store.ts";
import { blobStoreConformance, type StoreUnderTest } from "../../support/blob-store-conformance.ts";
import { startS3Double } from "../../support/s3-double.ts";
import { newId } from "../../../tools/testkit/ids.ts";

async function inDirectory(): Promise<StoreUnderTest & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-blobs-"));
  return {
    folder,
    store: directoryStore(folder),
    again: () => directoryStore(folder),
    rest: async () =>
      (await readdir(folder, { recursive: true })).filter((name) => name.includes("-")),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function inDouble(): Promise<StoreUnderTest> {
  const double = await startS3Double();
  const credentials = { accessKeyId: "double", secretAccessKey: "double" };
  const { endpoint } = double;
  const open = () => s3Store({ bucket: "test", region: "us-east-1", endpoint, credentials });
  return {
    store: open(),
    again: open,
    rest: async () => [...double.keys(), ...Array.from({ length: double.uploads() }, String)],
    close: () => double.close(),
  };
}

describe("a directory", () => blobStoreConformance(inDirectory));
describe("the double of S3", () => blobStoreConformance(inDouble));

test("a directory removes unfinished files before final ones, so that no file becomes final in between", async () => {
  const subject = await inDirectory();
  const { store, folder } = subject;
  const id = newId<AttachmentId>();
  await store.put(id, 0, Readable.from([randomBytes(10)]));
  await store.finish(id, 10);
  // A folder is not removed like a file, so the work ends where it meets one.
  await mkdir(join(folder, id.slice(-2), `${id}.part`));
  await expect(store.delete(id)).rejects.toThrow();
  expect(await readdir(join(folder, id.slice(-2)))).toContain(id);
  await subject.close();
});

test("a part is never held whole: pieces are passed on as they arrive", async () => {
  const subject = await inDirectory();
  const { store } = subject;
  const id = newId<AttachmentId>();
  let given = 0;
  async function* arriving() {
    for (; given < 50; given++) {
      expect(await store.stored(id, Infinity)).toBe(given * 100_000);
      yield randomBytes(100_000);
    }
  }
  expect(await store.put(id, 0, arriving())).toBe(5_000_000);
  await subject.close();
});
