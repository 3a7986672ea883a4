/** `sealdesk audit verify` of a key log follows the keys of the tenant's authority. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { generateSigningKey, ready } from "../../../crypto/device/sodium.ts";
import { encodeAuthorityEntry, type AuthorityEntry } from "../../../crypto/wire/authority-entry.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { handedOver } from "../../support/handed-over.ts";
import { MemoryLog } from "../../support/memory-log.ts";

await ready;

const tenant = newId<TenantId>();
const [first, second, junk] = [generateSigningKey(), generateSigningKey(), generateSigningKey()];
type Key = typeof first;

const added = (
  next: Key,
  version: number,
  by?: Key,
  signers: Parameters<typeof handedOver>[2] = {},
): AuthorityEntry => {
  const place = { tenant, version, atMs: 1 };
  const handover = by && handedOver(place, { former: by, next }, signers);
  return { change: "added", ...place, authorityKey: next.publicKey, handover };
};
const retired = ({ publicKey }: Key, version: number): AuthorityEntry => ({
  change: "retired",
  tenant,
  version,
  authorityKey: publicKey,
  atMs: 1,
  handover: undefined,
});

/** An entry of an audit log that only names the authority, as its resource. */
const audited = utf8(`{"action":"x","resource":{"id":"${tenant}","type":"authority_key"}}`);

/** Verifies a log that has these entries about the authority, after two about something else. */
async function verified(...entries: readonly AuthorityEntry[]): Promise<string> {
  const log = new MemoryLog("sealdesk.local/keys/t/test");
  log.append([audited, Uint8Array.of(255), ...entries.map(encodeAuthorityEntry)]);
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-log-"));
  try {
    for (const [name, bytes] of log.files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes);
    }
    return await verifyFiles(folder, { vkey: formatVkey(nodeChecks.sha256, log.key) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("a log whose keys hand over to one another is verified", async () => {
  const entries = [added(first, 1), added(second, 2, first), retired(first, 3)];
  expect(await verified(...entries)).toContain("Verified 5 entries");
  expect(await verified()).toContain("Verified 2 entries");
});

test.each<[string, readonly AuthorityEntry[], string]>([
  ["a second authority", [added(first, 1), added(junk, 2)], "entry 3: adds a key"],
  [
    "a handover that the key before did not sign",
    [added(first, 1), added(second, 2, first, { former: junk })],
    "entry 3: adds a key",
  ],
  [
    "a handover that the next key did not sign",
    [added(first, 1), added(second, 2, first, { next: junk })],
    "entry 3: adds a key",
  ],
  [
    "a handover by a former key",
    [added(first, 1), added(second, 2, first), added(junk, 3, first)],
    "entry 4: adds a key",
  ],
  ["a key that ends without another", [added(first, 1), retired(first, 2)], "entry 3: retires"],
  [
    "an entry that is missing",
    [added(first, 1), added(second, 3, first)],
    "entry 3: has version 3",
  ],
  [
    "another tenant",
    [added(first, 1), { ...added(second, 2, first), tenant: newId<TenantId>() }],
    "entry 3: is about the authority of another tenant",
  ],
])("%s is found, and its entry named", async (_, entries, message) => {
  await expect(verified(...entries)).rejects.toThrow(message);
});
