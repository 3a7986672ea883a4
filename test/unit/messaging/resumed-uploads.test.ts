import { newId } from "../../../tools/testkit/ids.ts";
import { createSecretKey, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { chunksOf, sealedBytes } from "../../../keys/at-rest/blob-layout.ts";
import { blobSeal, CHUNK_BYTES, type BlobSeal } from "../../../keys/at-rest/blob-seal.ts";
import { appendSealed } from "../../../messaging/attachments/append-sealed.ts";
import { readSealed } from "../../../messaging/attachments/read-sealed.ts";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { s3Store } from "../../../messaging/attachments/stores/s3-store.ts";
import type { BlobStore } from "../../../messaging/attachments/stores/blob-store.ts";
import {
  isWhole,
  offsetOf,
  progressOf,
  type UploadProgress,
} from "../../../messaging/attachments/upload-progress.ts";
import { startS3Double, type S3Double } from "../../support/s3-double.ts";
import type { TenantId, AttachmentId } from "../../../crypto/wire/ids.ts";

let folder: string;
let double: S3Double;
let stores: readonly BlobStore[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-resumed-"));
  double = await startS3Double();
  const credentials = { accessKeyId: "double", secretAccessKey: "double" };
  const { endpoint } = double;
  const bucket = s3Store({ bucket: "test", region: "us-east-1", endpoint, credentials });
  stores = [directoryStore(folder), bucket];
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await double.close();
  await rm(folder, { recursive: true, force: true });
});

/** How a request ends, and how many bytes it brought by then. */
interface Request {
  readonly bytes: number;
  readonly end: "whole" | "connection lost" | "killed while storing" | "killed before it was saved";
}
const request: fc.Arbitrary<Request> = fc.record({
  bytes: fc.oneof(
    fc.integer({ min: 0, max: 3 * CHUNK_BYTES }),
    fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1),
  ),
  end: fc.constantFrom(
    "whole",
    "connection lost",
    "killed while storing",
    "killed before it was saved",
  ),
});

const lost = new Error("lost");
const killed = new Error("killed");

/** Notes each nonce that a seal of it was made with. */
function noting(seal: BlobSeal, nonces: string[]): BlobSeal {
  return {
    ...seal,
    seal(place, plain) {
      const sealed = seal.seal(place, plain);
      nonces.push(sealed.subarray(0, 12).toString("hex"));
      return sealed;
    },
  };
}

async function* inPieces(bytes: Uint8Array, end: Request["end"]) {
  for (let at = 0; at < bytes.length; at += 20_000) yield bytes.subarray(at, at + 20_000);
  if (end === "connection lost") throw lost;
}

/** A store that dies when it is given the second chunk of a request, in the midst of that. */
const dying = (store: BlobStore): BlobStore => ({
  ...store,
  put: (id, offset, data) =>
    store.put(
      id,
      offset,
      (async function* () {
        let count = 0;
        for await (const piece of data) {
          if (++count === 2) {
            yield piece.subarray(0, 1000);
            throw killed;
          }
          yield piece;
        }
      })(),
    ),
});

async function upload(store: BlobStore, size: number, requests: readonly Request[]): Promise<void> {
  const id = newId<AttachmentId>();
  const nonces: string[] = [];
  const key = { id: randomBytes(16), secret: createSecretKey(randomBytes(32)) };
  const name = { tenant: newId<TenantId>(), blob: id, salt: randomBytes(32) };
  const seal = noting(blobSeal(key, name), nonces);
  // What the row says, and what the device was told it need not send again.
  let row: UploadProgress = { chunks: 0, tail: undefined };
  let acknowledged = Buffer.alloc(0);
  const rest: Request = { bytes: size, end: "whole" };
  for (const { bytes, end } of [...requests, rest]) {
    const from = await progressOf(store, { id, size, ...row });
    const offset = offsetOf(size, from);
    // Nothing that was said to be there is asked for again.
    expect(offset).toBe(acknowledged.length);
    if (isWhole(size, from)) break;
    // Other bytes each time, as from a device that sealed its file anew.
    const data = randomBytes(Math.min(bytes, size - offset));
    const save = async (progress: UploadProgress) => {
      if (end === "killed before it was saved") throw killed;
      row = progress;
    };
    const to = end === "killed while storing" ? dying(store) : store;
    const appending = appendSealed(
      { store: to, seal, save },
      { id, size },
      from,
      inPieces(data, end),
    );
    await appending.catch((error: unknown) => {
      if (error !== lost && error !== killed) throw error;
    });
    const kept = offsetOf(size, row) - acknowledged.length;
    acknowledged = Buffer.concat([acknowledged, data.subarray(0, kept)]);
    // A lost connection loses nothing that came.
    if (end === "whole" || end === "connection lost") expect(kept).toBe(data.length);
  }
  expect(row).toEqual({ chunks: chunksOf(size), tail: undefined });
  await store.finish(id, sealedBytes(size));
  const read: Uint8Array[] = [];
  for await (const piece of readSealed(store, seal, { id, size }, { from: 0, until: size }))
    read.push(piece);
  expect(Buffer.concat(read).equals(acknowledged)).toBe(true);
  expect(new Set(nonces).size).toBe(nonces.length);
  await store.delete(id);
}

test.each([
  ["a folder", 0, 100],
  ["a bucket", 1, 25],
])(
  "in %s an upload continues after every kind of end, and no nonce is used twice",
  async (_name, which, numRuns) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.integer({ min: 1, max: 6 * CHUNK_BYTES }),
          fc.constantFrom(1, CHUNK_BYTES, 2 * CHUNK_BYTES),
        ),
        fc.array(request, { maxLength: 8 }),
        (size, requests) => upload(stores[which]!, size, requests),
      ),
      { seed: 20_261_129, numRuns },
    );
  },
);

test("a beginning of a chunk that was altered in the row is not gone on from", async () => {
  const [store] = stores as [BlobStore];
  const id = newId<AttachmentId>();
  const key = { id: randomBytes(16), secret: createSecretKey(randomBytes(32)) };
  const seal = blobSeal(key, { tenant: newId<TenantId>(), blob: id, salt: randomBytes(32) });
  const deps = { store, seal, save: () => Promise.resolve() };
  const from = { chunks: 0, tail: undefined };
  const { tail } = await appendSealed(
    deps,
    { id, size: 200 },
    from,
    inPieces(randomBytes(50), "whole"),
  );
  const altered = Buffer.from(tail!);
  altered[20]! ^= 1;
  const next = { chunks: 0, tail: altered };
  await expect(
    appendSealed(deps, { id, size: 200 }, next, inPieces(randomBytes(50), "whole")),
  ).rejects.toMatchObject({ code: "seal_broken" });
});
