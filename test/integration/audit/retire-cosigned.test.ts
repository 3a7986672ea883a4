import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey, keyIdOf, KEY_TYPES } from "../../../audit/verify/note.ts";
import { withRestoring } from "../../../cli/commands/audit/restore/restoring.ts";
import { readSettings } from "../../../cli/settings.ts";
import { newSigner } from "../../support/audit-log.ts";
import { RestorableServer } from "../../support/restorable-server.ts";
import { until } from "../../support/until.ts";

let server: RestorableServer;
beforeAll(async () => {
  server = await RestorableServer.make();
}, 120_000);
afterAll(() => server.remove());

const { publicKey } = newSigner();
const witness = { name: "witness.example", type: KEY_TYPES.cosignature, publicKey } as const;
const { sha256 } = nodeChecks;
const environment = {
  AUDIT_WITNESSES: `all:${formatVkey(sha256, witness)}@http://127.0.0.1:9`,
  AUDIT_WITNESS_QUORUM: "1",
};

async function runOnce(): Promise<void> {
  server.start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  await server.stop();
}
/** Stores what counts as a cosignature of each log's newest head. */
const cosign = () =>
  withRestoring(
    readSettings({ NODE_ENV: "development", SEALDESK_HOME: server.home }),
    ({ client }) =>
      client.query(
        `insert into audit.cosignatures (log, size, witness, signature)
       select log, max(size), $1, $2 from audit.checkpoints group by log`,
        [witness.name, Buffer.concat([keyIdOf(sha256, witness), Buffer.alloc(72)])],
      ),
  );
const retire = () => server.run(["audit", "key", "retire"], { environment });

test("the former key stays while it alone signed the head that the quorum lets be served", async () => {
  await runOnce();
  await cosign();
  // The next key signs the newest heads, so the cosigned ones must be older.
  await runOnce();
  server.done("audit", "key", "rotate");
  await runOnce();
  expect(retire()).toMatchObject({
    status: 1,
    err: expect.stringMatching(/has not signed the head of \S+ that is served/),
  });
  await cosign();
  expect(retire()).toMatchObject({ status: 0, err: "" });
}, 300_000);
