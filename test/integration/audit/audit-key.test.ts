import { createPrivateKey, sign } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogKey, LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { readCheckpoint } from "../../../audit/read/log-info.ts";
import { parseCheckpointText, checkpointText } from "../../../audit/verify/checkpoint.ts";
import { formatNote, parseNote, signatureBy } from "../../../audit/verify/note.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { logOf } from "../../../crypto/wire/ids.ts";
import { newSigner, openAuditLog } from "../../support/audit-log.ts";
import { createTestDatabase } from "../../support/database.ts";
import { RestorableServer } from "../../support/restorable-server.ts";
import { until } from "../../support/until.ts";

let server: RestorableServer;
beforeAll(async () => {
  server = await RestorableServer.make();
}, 120_000);
afterAll(() => server.remove());

/** Starts the server until it is ready, and stops it, so that every entry is signed. */
async function runOnce(): Promise<void> {
  server.start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  await server.stop();
}
const key = (verb: string) => server.run(["audit", "key", verb]);
const vkey = (...more: string[]) =>
  server.done("audit", "vkey", "--tenant", "demo", ...more).trim();
const exportTo = (name: string, ...more: string[]) => {
  server.done("audit", "export", "--tenant", "demo", "--out", server.at(name), ...more);
  return server.at(name);
};
const verify = (folder: string, ...more: string[]) =>
  server.run(["audit", "verify", folder, ...more]);

/** The file that keeps the last checkpoint of a log outside the database, and its text. */
async function outsideCheckpointOf(origin: string): Promise<readonly [string, string]> {
  const folder = join(server.home, "audit-checkpoints");
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), "utf8");
    if (text.startsWith(`${origin}\n`)) return [join(folder, name), text];
  }
  throw new Error(`Nothing is kept of ${origin}.`);
}

/** The former key as a thief has it, and the signature that they make with it. */
async function stolenKey() {
  const { contents } = JSON.parse(await readFile(join(server.home, "keyring.json"), "utf8")) as {
    readonly contents: { readonly keys: Record<string, { versions: Record<string, string> }> };
  };
  const seed = Buffer.from(contents.keys["audit-log"]?.versions["1"] ?? "", "base64url");
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const stolen = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return (text: string) => sign(null, utf8(text), stolen);
}

test("a log that does not grow gets the signature of the next key too, and continues with it alone", async () => {
  const database = await createTestDatabase();
  const log = await openAuditLog(database);
  const tenant = await log.newTenant();
  await log.append(tenant, 3);
  const [former, next] = [log.signer, newSigner()];
  const run = async (signer: LogSigner) => {
    const integrator = log.startIntegrator({ signer });
    await until(async () => (await isSignedBy(signer.next ?? signer)) || log.errors.length > 0);
    await integrator.close();
  };
  const notes = async () => [
    await readFile(join(log.folder, tenant), "utf8"),
    (await log.asLog(logOf(tenant), (client) => readCheckpoint(client, logOf(tenant)))) ?? "",
  ];
  const isSignedBy = async ({ publicKey }: LogKey) => {
    await log.settled();
    return (await notes()).every((note) => {
      const signed = parseNote(note);
      const name = note.split("\n")[0] ?? "";
      return signatureBy(nodeChecks.sha256, signed, { name, type: 1, publicKey }) !== undefined;
    });
  };
  await run(former);
  expect(await isSignedBy(next)).toBe(false);
  await run({ ...former, next });
  expect(await isSignedBy(former)).toBe(true);
  expect(log.errors).toEqual([]);
  await log.append(tenant, 1);
  await run(next);
  expect([log.errors, await isSignedBy(next), await isSignedBy(former)]).toEqual([[], true, false]);
  const alter = `update audit.checkpoints set note = note || 'more' where log = '${tenant}'`;
  const client = await database.owner.connect();
  await client.query("set role sealdesk_integrator");
  await expect(client.query(alter)).rejects.toThrow("cannot be changed");
  client.release();
  await log.close();
  await database.drop();
});

test("a stolen audit key is replaced: both sign, then the former one counts no more", async () => {
  await runOnce();
  const former = vkey();
  const before = exportTo("before");
  const forge = await stolenKey();
  expect(key("retire")).toMatchObject({ status: 1, err: expect.stringContaining("rotate first") });

  expect(key("rotate")).toMatchObject({ status: 0, err: "" });
  expect(key("rotate")).toMatchObject({ status: 1, err: expect.stringContaining("key retire") });
  await runOnce();
  const next = vkey("--next");
  expect([vkey(), next === former]).toEqual([former, false]);
  const both = exportTo("both");
  for (const signer of [former, next])
    expect(verify(both, "--vkey", signer)).toMatchObject({ status: 0, err: "" });
  const entries = await readFile(
    join(exportTo("lines", "--format", "jsonl"), "entries.jsonl"),
    "utf8",
  );
  expect(entries).toContain(
    // The name, the hash and the key, which may have a plus itself.
    Buffer.from(next.split("+").slice(2).join("+"), "base64").subarray(1).toString("base64url"),
  );

  server.start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  expect(key("retire")).toMatchObject({
    status: 1,
    err: expect.stringContaining("Stop all nodes"),
  });
  await server.stop();
  expect(key("retire")).toMatchObject({ status: 0, err: "" });
  await runOnce();
  expect(vkey()).toBe(next);
  const after = exportTo("after");
  const old = ["--old", join(before, "checkpoint")];
  expect(verify(after, "--vkey", former)).toMatchObject({ status: 1 });
  expect(verify(after, "--vkey", next, ...old)).toMatchObject({ status: 1 });
  expect(verify(after, "--vkey", next, ...old, "--old-vkey", former)).toMatchObject({
    status: 0,
    err: "",
  });

  // The thief shows an auditor, and the server, a longer log under the former key.
  const forged = join(after, "checkpoint");
  const { text } = parseNote(await readFile(forged, "utf8"));
  const head = parseCheckpointText(text);
  const longer = checkpointText({ ...head, size: head.size + 5 });
  const { signatures } = parseNote(await readFile(join(before, "checkpoint"), "utf8"));
  const note = formatNote(
    longer,
    signatures.slice(0, 1).map((each) => ({ ...each, signature: forge(longer) })),
  );
  await writeFile(forged, note);
  expect(verify(after, "--vkey", next)).toMatchObject({
    status: 1,
    err: expect.stringContaining("no signature by"),
  });
  const [place, kept] = await outsideCheckpointOf(head.origin);
  await writeFile(place, note);
  server.start();
  await until(async () => (await server.readyz()).includes("audit_checkpoint_invalid"));
  await server.stop();
  await writeFile(place, kept);
  await runOnce();
}, 300_000);
