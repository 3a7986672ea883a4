import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { archiveLog, type ArchivedLog } from "../../../audit/archive/archive-log.ts";
import type { ArchiveStore } from "../../../audit/archive/archive-store.ts";
import { directoryArchive } from "../../../audit/archive/directory-archive.ts";
import { s3Archive } from "../../../audit/archive/s3-archive.ts";
import { s3Checkpoints } from "../../../audit/checkpoints/s3-store.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { cosignature, cosignedAt, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import {
  formatSignature,
  formatVkey,
  KEY_TYPES,
  parseNote,
  type NoteKey,
} from "../../../audit/verify/note.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { LogId } from "../../../crypto/wire/ids.ts";
import { newSigner } from "../../support/audit-log.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { startRealS3 } from "../../support/real-s3.ts";
import { startS3Double } from "../../support/s3-double.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "sealdesk-archive-"))));
afterAll(() => rm(folder, { recursive: true }));

const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`entry ${from + at}`));

const ofLog = (log: MemoryLog): ArchivedLog => ({
  source: log,
  note: log.signed(log.head),
  checkpoint: { ...log.head, origin: log.key.name },
  key: log.key,
});

test("an archive follows the log, writes no whole tile twice, and verifies", async () => {
  const log = new MemoryLog();
  log.append(entries(0, 600));
  const out = join(folder, "followed");
  const written: string[] = [];
  const inner = directoryArchive(out);
  const store: ArchiveStore = {
    ...inner,
    put: (path, bytes) => (written.push(path), inner.put(path, bytes)),
  };
  await archiveLog(store, ofLog(log));
  expect(await archiveLog(store, ofLog(log))).toBe(0);
  log.append(entries(600, 1_100));
  written.length = 0;
  await archiveLog(store, ofLog(log));
  expect(new Set(written).has("tile/0/000")).toBe(false);
  expect(written).toContain("tile/entries/002");
  expect(written.at(-1)).toBe("checkpoint");
  const vkey = formatVkey(nodeChecks.sha256, log.key);
  expect(await verifyFiles(out, { vkey })).toMatch(/^Verified 1100 entries/);
  expect((await stat(join(out, "tile/0/000"))).mode & 0o222).toBe(0);
  expect((await readdir(out)).toSorted()).toEqual(["checkpoint", "tile"]);
});

test("an archived head gets cosignatures that come later, and loses none", async () => {
  const log = new MemoryLog();
  log.append(entries(0, 10));
  const out = join(folder, "cosigned");
  const store = directoryArchive(out);
  const { note, ...plain } = ofLog(log);
  const { text } = parseNote(note);
  const cosigners = ["one.example", "two.example"].map((name) => {
    const signer = newSigner();
    const key: NoteKey = { name, type: KEY_TYPES.cosignature, publicKey: signer.publicKey };
    const line = async (of = text) =>
      formatSignature(
        cosignature(nodeChecks.sha256, key, 1, await signer.sign(cosignedBytes(of, 1))),
      );
    return { key, line };
  });
  const [one, two] = cosigners as [(typeof cosigners)[0], (typeof cosigners)[0]];
  const witnesses = cosigners.map(({ key }) => key);
  const archive = (lines: string) => archiveLog(store, { ...plain, note: note + lines, witnesses });
  const by = async () => {
    const kept = parseNote((await store.checkpoint()) ?? "");
    return witnesses.filter((key) => cosignedAt(nodeChecks, kept, key)).map(({ name }) => name);
  };
  expect(await archiveLog(store, { ...plain, note: note + (await one.line("other\n")) })).toBe(3);
  expect(await by()).toEqual([]);
  expect(await archive(await one.line())).toBe(1);
  expect(await by()).toEqual(["one.example"]);
  expect(await archive((await one.line("other\n")) + (await two.line()))).toBe(1);
  expect(await by()).toEqual(["one.example", "two.example"]);
  expect(await archive("")).toBe(0);
  expect(parseNote((await store.checkpoint()) ?? "").signatures).toHaveLength(3);
});

test("a log that was shortened, rewritten or replaced does not overwrite the archive", async () => {
  const log = new MemoryLog();
  log.append(entries(0, 300));
  const out = join(folder, "kept");
  const store = directoryArchive(out);
  await archiveLog(store, ofLog(log));
  const kept = await readFile(join(out, "checkpoint"), "utf8");
  const other = new MemoryLog();
  await expect(archiveLog(store, ofLog(other))).rejects.toMatchObject({
    code: "audit_checkpoint_invalid",
  });
  const shorter = log.again(entries(0, 200));
  await expect(archiveLog(store, ofLog(shorter))).rejects.toMatchObject({
    code: "audit_log_behind",
  });
  const rewritten = log.again([...entries(0, 100), utf8("forged"), ...entries(101, 400)]);
  await expect(archiveLog(store, ofLog(rewritten))).rejects.toMatchObject({
    code: "audit_log_inconsistent",
  });
  expect(await readFile(join(out, "checkpoint"), "utf8")).toBe(kept);
});

test("S3 (a double) is asked to lock every object", async () => {
  const double = await startS3Double();
  const store = s3Archive({
    bucket: "audit",
    prefix: "audit-archive/demo/",
    region: "us-east-1",
    endpoint: double.endpoint,
    retainMs: 86_400_000,
    now: () => 1_700_000_000_000,
    credentials: { accessKeyId: "x", secretAccessKey: "x" },
  });
  const log = new MemoryLog();
  log.append(entries(0, 300));
  try {
    await archiveLog(store, ofLog(log));
    expect(await store.checkpoint()).toBe(log.signed(log.head));
    expect(double.keys()).toContain("audit-archive/demo/tile/entries/000");
    for (const key of double.keys())
      expect(double.lockOf(key)).toEqual({ mode: "COMPLIANCE", until: "2023-11-15T22:13:20Z" });
  } finally {
    await store.close();
    await double.close();
  }
});

test("S3 (a real one with Object Lock) refuses to remove archived files", async () => {
  const s3 = await startRealS3();
  const { client, options } = s3;
  const bucket = await s3.newBucket("with Object Lock");
  const prefix = "audit-archive/demo/";
  const shared = { ...options, bucket, retainMs: 86_400_000, now: Date.now };
  const store = s3Archive({ ...shared, prefix });
  const checkpoints = s3Checkpoints({ ...shared, everyMs: 0 });
  const log = new MemoryLog();
  log.append(entries(0, 300));
  const id = newId<LogId>();
  try {
    expect(await checkpoints.all()).toEqual([]);
    await archiveLog(store, ofLog(log));
    await checkpoints.put(id, log.signed(log.head));
    log.append(entries(300, 400));
    await archiveLog(store, ofLog(log));
    await checkpoints.put(id, log.signed(log.head));
    expect(await checkpoints.all()).toEqual([
      { kind: "last", log: id, note: log.signed(log.head) },
    ]);
    expect(await store.checkpoint()).toBe(log.signed(log.head));
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions.filter(({ Key }) => Key === `${prefix}checkpoint`)).toHaveLength(2);
    for (const { Key, VersionId } of Versions) {
      const version = { Bucket: bucket, Key, VersionId, BypassGovernanceRetention: true };
      await expect(client.send(new DeleteObjectCommand(version))).rejects.toMatchObject({
        name: "AccessDenied",
      });
      const sooner = {
        Mode: "COMPLIANCE",
        RetainUntilDate: new Date(Date.now() + 3_600_000),
      } as const;
      await expect(
        client.send(new PutObjectRetentionCommand({ ...version, Retention: sooner })),
      ).rejects.toMatchObject({ name: "AccessDenied" });
    }
    // Without a version this is allowed. It puts a marker over an object, and hides it from no
    // store.
    for (const { Key } of Versions)
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    expect(await checkpoints.all()).toEqual([
      { kind: "last", log: id, note: log.signed(log.head) },
    ]);
    expect(await store.checkpoint()).toBe(log.signed(log.head));
    const shorter = log.again(entries(0, 200));
    await expect(archiveLog(store, ofLog(shorter))).rejects.toMatchObject({
      code: "audit_log_behind",
    });
    // More logs than one listing returns.
    const others = Array.from({ length: 120 }, () => newId<LogId>());
    await Promise.all(others.map((other) => checkpoints.put(other, log.signed(log.head))));
    const told = (await checkpoints.all()).map((one) => one.log);
    expect(told.toSorted()).toEqual([id, ...others].toSorted());
  } finally {
    await store.close();
    await checkpoints.close();
    await s3.close();
  }
});
