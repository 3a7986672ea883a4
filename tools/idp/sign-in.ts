/** Signs in to the demo tenant with the local provider, and prints who that was. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sealdesk } from "../../client/index.ts";
import { openLoopback, openStore, webSocket } from "../../client/index.node.ts";

const [url = "http://127.0.0.1:8080", tenant = "demo", provider = "local"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "sealdesk-sign-in-"));
const loopback = await openLoopback((page) => {
  process.stdout.write(`Open this page in a browser of this machine:\n\n${page}\n\n`);
});
try {
  const { redirectUri, authorize } = loopback;
  const sealdesk = await Sealdesk.connect({
    url,
    credentials: { grant: "oidc", tenant, provider, redirectUri, authorize },
    store: await openStore(folder, randomBytes(32)),
    webSocket,
  });
  const { id, role, displayName = "" } = sealdesk.user;
  process.stdout.write(`Signed in as ${displayName}, ${role}, account ${id}.\n`);
  await sealdesk.signOut();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : "The sign-in failed."}\n`);
  process.exitCode = 1;
} finally {
  await loopback.close();
  await rm(folder, { recursive: true, force: true });
}
