import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPERATOR } from "../../../audit/operator.ts";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { rotateAuditKey } from "../../../keys/audit-key.ts";
import { AUDIT_KEY, kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { operatorEntries } from "../../support/operator-entries.ts";

let database: TestDatabase;
let home: string;
beforeEach(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
});
afterEach(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

test("a replacement that ended before the new key was recorded is recorded by the next call, once", async () => {
  const settings = { kind: "local", passphrase: undefined, keyFile: undefined } as const;
  const { kms } = await openKms({ ...settings, home, mustBeSealed: false });
  const rotate = () =>
    rotateAuditKey({ ownerUrl: database.ownerUrl, kms, now: Date.now, by: OPERATOR });
  const { publicKey: former } = await kmsAuditSigner(kms);
  await kms.rotate(AUDIT_KEY);
  const { publicKey, next } = await kmsAuditSigner(kms);
  expect(publicKey).toEqual(former);
  await rotate();
  await expect(rotate()).rejects.toMatchObject({ code: "kms_refused" });
  expect((await kmsAuditSigner(kms)).next?.publicKey).toEqual(next?.publicKey);
  const recorded = await operatorEntries(database, "audit_key.rotate");
  expect(recorded.map(({ details }) => details)).toEqual([
    { publicKey: toBase64Url(next?.publicKey ?? new Uint8Array()) },
  ]);
  await kms.close();
});
