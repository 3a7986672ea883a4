import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { s3Checkpoints } from "../../../audit/checkpoints/s3-store.ts";
import { startS3Double } from "../../support/s3-double.ts";
import { until } from "../../support/until.ts";

const byLog = (all: readonly { readonly log: string; readonly note: string }[]) =>
  Object.fromEntries(all.map(({ log, note }) => [log, note]));
const [one, two] = [randomUUID(), randomUUID()];

test("a folder keeps the last checkpoint of each log", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(join(folder, "made", "when needed"));
  expect(await store.all()).toEqual([]);
  await store.put(one, 9, "nine");
  await store.put(two, 3, "three");
  await store.put(one, 10, "ten");
  expect(byLog(await store.all())).toEqual({ [one]: "ten", [two]: "three" });
  await rm(folder, { recursive: true });
});

test("a late node does not overwrite a later checkpoint with an older one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(folder);
  await store.put(one, 200, "origin\n200\nroot\n");
  await store.put(one, 150, "origin\n150\nroot\n");
  expect(byLog(await store.all())).toEqual({ [one]: "origin\n200\nroot\n" });
  await rm(folder, { recursive: true });
});

test("a proof stays beside later checkpoints, whatever its size", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(join(folder, "made"));
  await store.keepProof(one, "origin\n5\nroot\n");
  await store.put(one, 9, "origin\n9\nother\n");
  await store.keepProof(one, "origin\n5\nroot\n");
  await store.keepProof(one, "origin\n7\nroot\n");
  const kept = await store.all();
  expect(kept.every(({ log }) => log === one)).toBe(true);
  expect(new Set(kept.map(({ note }) => note.split("\n")[1]))).toEqual(new Set(["5", "7", "9"]));
  await rm(folder, { recursive: true });
});

test("a folder keeps declarations, and a smaller head from after a restore", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const store = directoryCheckpoints(join(folder, "made"));
  expect(await store.declarations()).toEqual([]);
  await store.put(one, 200, "origin\n200\nroot\n");
  await store.keepDeclaration("declared");
  const restored = "origin\n150\nroot\nrestored 1\n\nsigned\n";
  await store.put(one, 150, restored);
  // A node that still has the database from before the restore must stop.
  await expect(store.put(one, 201, "origin\n201\nroot\n")).rejects.toMatchObject({
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
  let now = 1_700_000_000_000;
  const store = s3Checkpoints({
    bucket: "audit",
    region: "us-east-1",
    endpoint: double.endpoint,
    retainMs: 86_400_000,
    everyMs: 60_000,
    now: () => now,
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
  try {
    expect(await store.all()).toEqual([]);
    await store.put(one, 9, "nine");
    await store.put(two, 3, "three");
    await store.put(one, 10, "too soon");
    now += 60_000;
    await store.put(one, 1_000, "thousand");
    expect(byLog(await store.all())).toEqual({ [one]: "thousand", [two]: "three" });
    expect(double.keys()).toHaveLength(3);
    for (const key of double.keys())
      expect(double.lockOf(key)).toMatchObject({ mode: "COMPLIANCE" });
    await store.keepProof(two, "two");
    await store.keepProof(two, "two");
    const inAll = (await store.all()).map(({ log, note }) => [log, note]);
    expect(inAll.filter(([log]) => log === two)).toEqual([
      [two, "three"],
      [two, "two"],
    ]);
    // A head from after a restore is the latest one, although it is smaller.
    now += 60_000;
    await store.put(one, 12, "origin\n12\nroot\nrestored 1\n\nsigned\n");
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
    for (const size of [1, 2, 3]) await quick.put(one, size, `of ${size}`);
    await until(async () => byLog(await quick.all())[one] === "of 3");
    for (const size of [1, 2, 3]) await slow.put(two, size, `of ${size}`);
    expect(byLog(await slow.all())[two]).toBe("of 1");
    await slow.close();
    expect(byLog(await quick.all())[two]).toBe("of 3");
  } finally {
    await quick.close();
    await double.close();
  }
});
