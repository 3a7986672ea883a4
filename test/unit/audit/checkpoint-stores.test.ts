import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckpointStore } from "../../../audit/checkpoints/checkpoint-store.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { s3Checkpoints } from "../../../audit/checkpoints/s3-store.ts";
import { checkpointText, parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import { formatNote, parseNote } from "../../../audit/verify/note.ts";
import { startS3Double } from "../../support/s3-double.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { LogId } from "../../../crypto/wire/ids.ts";

const byLog = (all: readonly { readonly log: string; readonly note: string }[]) =>
  Object.fromEntries(all.map(({ log, note }) => [log, note]));
const [one, two] = [newId<LogId>(), newId<LogId>()];

const signature = { name: "desk.example", keyId: new Uint8Array(4), signature: new Uint8Array(64) };
/** A checkpoint that no store verifies. */
const head = (size: number, restores = 0, root = new Uint8Array(32)) =>
  formatNote(checkpointText({ origin: "desk.example", size, root, restores }), [signature]);
const sizesOf = async (store: Pick<CheckpointStore, "all">, log: string) =>
  (await store.all())
    .filter((kept) => kept.log === log)
    .map(({ note }) => parseCheckpointText(parseNote(note).text).size);

test("a folder keeps the last checkpoint of each log", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(join(folder, "made", "when needed"));
  expect(await store.all()).toEqual([]);
  await store.put(one, head(9));
  await store.put(two, head(3));
  await store.put(one, head(10));
  expect(byLog(await store.all())).toEqual({ [one]: head(10), [two]: head(3) });
  await rm(folder, { recursive: true });
});

test("a late node does not overwrite a later checkpoint with an older one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(folder);
  await store.put(one, head(200));
  await store.put(one, head(150));
  expect(byLog(await store.all())).toEqual({ [one]: head(200) });
  await rm(folder, { recursive: true });
});

test("a folder refuses another head of a size that it has", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(folder);
  await store.put(one, head(200));
  await store.put(one, head(200));
  await expect(store.put(one, head(200, 0, new Uint8Array(32).fill(1)))).rejects.toMatchObject({
    code: "audit_log_inconsistent",
  });
  expect(byLog(await store.all())).toEqual({ [one]: head(200) });
  await rm(folder, { recursive: true });
});

test("a proof of any size stays beside later checkpoints", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(join(folder, "made"));
  await store.keepProof(one, head(5));
  await store.put(one, head(9));
  await store.keepProof(one, head(5));
  await store.keepProof(one, head(7));
  const kept = await store.all();
  expect(kept.every(({ log }) => log === one)).toBe(true);
  expect(new Set(kept.map(({ note }) => note.split("\n")[1]))).toEqual(new Set(["5", "7", "9"]));
  await rm(folder, { recursive: true });
});

test("a folder keeps declarations, and a smaller head from after a restore", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(join(folder, "made"));
  expect(await store.declarations()).toEqual([]);
  await store.put(one, head(200));
  await store.keepDeclaration("declared");
  const restored = head(150, 1);
  await store.put(one, restored);
  // A node that still has the database from before the restore must stop.
  await expect(store.put(one, head(201))).rejects.toMatchObject({
    code: "audit_log_behind",
  });
  expect(byLog(await store.all())).toEqual({ [one]: restored });
  expect(await store.declarations()).toEqual([
    { name: expect.stringContaining("restore.") as string, text: "declared" },
  ]);
  await rm(folder, { recursive: true });
});

test("S3 (a double) gets locked objects, at most one for each log in the interval, and the largest is found", async () => {
  const double = await startS3Double();
  let nowMs = 1_700_000_000_000;
  const store = s3Checkpoints({
    bucket: "audit",
    region: "us-east-1",
    endpoint: double.endpoint,
    retainMs: 86_400_000,
    everyMs: 60_000,
    now: () => nowMs,
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
  try {
    expect(await store.all()).toEqual([]);
    await store.put(one, head(9));
    await store.put(two, head(3));
    await store.put(one, head(10));
    nowMs += 60_000;
    await store.put(one, head(1_000));
    expect(byLog(await store.all())).toEqual({ [one]: head(1_000), [two]: head(3) });
    expect(double.keys()).toHaveLength(3);
    for (const key of double.keys())
      expect(double.lockOf(key)).toMatchObject({ mode: "COMPLIANCE" });
    await store.keepProof(two, "two");
    await store.keepProof(two, "two");
    const inAll = (await store.all()).map(({ log, note }) => [log, note]);
    expect(inAll.filter(([log]) => log === two)).toEqual([
      [two, head(3)],
      [two, "two"],
    ]);
    // A head from after a restore is the latest one, although it is smaller.
    nowMs += 60_000;
    await store.put(one, head(12, 1));
    expect((await store.all()).find(({ log }) => log === one)?.note).toContain("\n12\n");
    expect(await store.declarations()).toEqual([]);
    await store.keepDeclaration("declared");
    await store.keepDeclaration("declared");
    expect(await store.declarations()).toEqual([
      { name: expect.stringContaining("restores/") as string, text: "declared" },
    ]);
    for (const key of double.keys())
      expect(double.lockOf(key)).toMatchObject({ mode: "COMPLIANCE" });
    const [first = ""] = double.keys();
    expect(Date.parse(double.lockOf(first)?.until ?? "")).toBe(1_700_000_000_000 + 86_400_000);
  } finally {
    await store.close();
    await double.close();
  }
});

test("S3 (a double) gets the last head of an interval when the interval or the store ends", async () => {
  const double = await startS3Double();
  const open = (everyMs: number) =>
    s3Checkpoints({
      bucket: "audit",
      region: "us-east-1",
      endpoint: double.endpoint,
      retainMs: 86_400_000,
      everyMs,
      now: Date.now,
      credentials: { accessKeyId: "x", secretAccessKey: "x" },
    });
  const [quick, slow] = [open(100), open(3_600_000)];
  try {
    for (const size of [1, 2, 3]) await quick.put(one, head(size));
    await until(async () => byLog(await quick.all())[one] === head(3));
    for (const size of [1, 2, 3]) await slow.put(two, head(size));
    expect(byLog(await slow.all())[two]).toBe(head(1));
    await slow.close();
    expect(byLog(await quick.all())[two]).toBe(head(3));
  } finally {
    await quick.close();
    await double.close();
  }
});

test("a damaged file is not replaced, because its content is unknown", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(folder);
  await store.put(one, head(9, 1));
  for (const damaged of [head(9, 1).replace("restored 1", "restored x"), "", "nothing"]) {
    await writeFile(join(folder, one), damaged);
    await expect(store.put(one, head(10, 1))).rejects.toMatchObject({
      code: "audit_checkpoint_invalid",
      message: expect.stringContaining(one) as string,
    });
    expect(await readFile(join(folder, one), "utf8")).toBe(damaged);
  }
  await rm(folder, { recursive: true });
});

describe("S3 (a double)", () => {
  const double = startS3Double();
  afterAll(async () => (await double).close());
  /** Each node has a store of its own. */
  const open = async () =>
    s3Checkpoints({
      bucket: "audit",
      region: "us-east-1",
      endpoint: (await double).endpoint,
      retainMs: 86_400_000,
      everyMs: 0,
      now: Date.now,
      credentials: { accessKeyId: "x", secretAccessKey: "x" },
    });

  test("refuses a node that still has the database from before a restore", async () => {
    const [log, restored, forgotten] = [newId<LogId>(), await open(), await open()];
    await forgotten.put(log, head(89));
    await restored.put(log, head(62, 1));
    await expect(forgotten.put(log, head(90))).rejects.toMatchObject({ code: "audit_log_behind" });
    expect(await sizesOf(restored, log)).toEqual([62]);
    await restored.close();
    await forgotten.close();
  });

  test("finds the latest head for any number of restores", async () => {
    const [log, store] = [newId<LogId>(), await open()];
    for (const [size, restores] of [
      [85, 0],
      [90, 0],
      [62, 1],
      [1_000, 1],
      [7, 2],
      [8, 12],
    ] as const) {
      await store.put(log, head(size, restores));
      expect(await sizesOf(store, log)).toEqual([size]);
    }
    // A head from before any restore has the key that it always had.
    const [first = ""] = (await double).keys().filter((key) => key.includes(log));
    expect(first).toBe(
      `audit-checkpoints/${log}/${String(Number.MAX_SAFE_INTEGER - 85).padStart(16, "0")}`,
    );
    await store.close();
  });
});
