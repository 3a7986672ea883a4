import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPool } from "../../../db/pool.ts";
import { openKeyTree } from "../../../keys/at-rest/key-tree.ts";
import { RunningDigests } from "../../../messaging/attachments/running-digests.ts";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { createUpload } from "../../../messaging/attachments/uploads.ts";
import {
  arrangeConversation,
  arrangeSession,
  arrangeTenant,
  openLog,
} from "../../support/conversations.ts";
import { createTestDatabase } from "../../support/database.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { until } from "../../support/until.ts";
import { nilId, type UserId } from "../../../crypto/wire/ids.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { newId } from "../../../tools/testkit/ids.ts";

test("an upload that waits for its key keeps no connection to the database", async () => {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-attachments-"));
  const { log, close } = await openLog(database);
  const tenant = await arrangeTenant(database);
  const { id, users, devices } = await arrangeConversation(database, log, tenant);
  const kms = memoryKms();
  let asked = false;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const slow: typeof kms = {
    ...kms,
    async wrap(...given) {
      asked = true;
      await opened;
      return kms.wrap(...given);
    },
  };
  const tree = await openKeyTree({
    url: database.ownerUrl,
    kms: slow,
    now: Date.now,
    onLost: () => undefined,
  });
  const pool = createPool(database.ownerUrl, { max: 1 });
  const deps = {
    pool,
    store: directoryStore(folder),
    scopeKeys: tree.scopes,
    digests: new RunningDigests(),
    now: Date.now,
    uploadLifetimeMs: 60_000,
    emptyUploadLifetimeMs: 60_000,
  };
  const [user = nilId<UserId>(), device] = [users[0], devices[0]];
  const session = await arrangeSession(database, tenant, user);
  const actor = {
    tenant,
    user,
    device,
    role: "agent" as const,
    session,
    method: "password",
    policy: defaultPolicy,
    signIn: unknownSignIn,
  };
  const creating = createUpload(deps, actor, { id: newId(), conversation: id, size: 10 });
  await until(() => asked);
  // The only connection there is serves others.
  expect((await pool.query("select 1")).rowCount).toBe(1);
  open();
  await creating;
  await Promise.all([close(), tree.close(), pool.end()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
