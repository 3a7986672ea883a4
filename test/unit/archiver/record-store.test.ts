/** The places of an archiver's records: what is stored first counts, in a folder and in a bucket. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeLocation } from "../../../archiver/options.ts";
import { folderStore } from "../../../archiver/store/folder-store.ts";
import type { RecordStore } from "../../../archiver/store/record-store.ts";
import { s3Store } from "../../../archiver/store/s3-store.ts";
import { startS3Double, type S3Double } from "../../support/s3-double.ts";

let folder: string;
let s3: S3Double;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-records-"));
  s3 = await startS3Double();
});
afterAll(async () => {
  await s3.close();
  await rm(folder, { recursive: true });
});

const bucket = (): RecordStore =>
  s3Store({
    bucket: "bucket",
    prefix: "records/",
    region: "us-east-1",
    endpoint: s3.endpoint,
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    retainMs: 86_400_000,
    now: () => 0,
  });

test.each([
  ["a folder", () => folderStore(folder)],
  ["a bucket", bucket],
])("%s replaces no record, and lists records in their order", async (_name, open) => {
  const store = open();
  expect(await store.read("conversations/a/1.record")).toBeUndefined();
  expect(await store.names("conversations/")).toEqual([]);
  expect(await store.create("conversations/a/2.record", "two")).toBe(true);
  expect(await store.create("conversations/a/1.record", "one")).toBe(true);
  expect(await store.create("conversations/a/1.record", "one")).toBe(true);
  expect(await store.create("conversations/a/1.record", "other")).toBe(false);
  expect(await store.create("archive.json", "{}")).toBe(true);
  expect(await store.read("conversations/a/1.record")).toBe("one");
  expect(await store.names("conversations/")).toEqual([
    "conversations/a/1.record",
    "conversations/a/2.record",
  ]);
  store.close();
});

test("a record in a folder is for its owner to read, and one in a bucket is locked", async () => {
  expect((await stat(join(folder, "conversations/a/1.record"))).mode & 0o777).toBe(0o400);
  expect(s3.lockOf("records/conversations/a/1.record")).toEqual({
    mode: "COMPLIANCE",
    until: "1970-01-02T00:00:00Z",
  });
});

test("the options name a folder or a bucket", () => {
  const rest = { home: "/srv", s3Prefix: "records/", s3Region: "eu-1", retainDays: "2" };
  expect(storeLocation(rest)).toEqual({ kind: "folder", folder: "/srv/archive" });
  expect(storeLocation({ ...rest, s3Bucket: "b" })).toMatchObject({
    kind: "s3",
    bucket: "b",
    retainMs: 172_800_000,
  });
  const refused = { code: "invalid_option" };
  for (const options of [
    { ...rest, s3Bucket: "b", archive: "/srv/other" },
    { ...rest, s3Bucket: "b", retainDays: "0" },
    { ...rest, s3Bucket: "b", retainDays: "a week" },
  ])
    expect(() => storeLocation(options)).toThrow(expect.objectContaining(refused));
});
