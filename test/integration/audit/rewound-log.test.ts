import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { withoutTriggers } from "../../support/database-administrator.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({}, { checkEveryMs: 20 });
});
afterEach(() => server.close());

const readyz = async (url = server.url) => (await fetch(`${url}/readyz`)).text();
const outside = () => join(server.home, "audit-checkpoints", server.tenant.id);

async function append(count: number) {
  const { id } = server.tenant;
  await inTransaction(server.database.pool, id, async (client) => {
    for (let at = 0; at < count; at++) await appendEntry(client, entryOf(id, at));
  });
}

async function signedSize() {
  const { rows } = await server.database.owner.query<{ size: number | null }>(
    "select max(size)::int as size from audit.checkpoints where log = $1",
    [server.tenant.id],
  );
  return rows[0]?.size ?? 0;
}

/** Removes what came after `size` entries, as if it had never been. */
const rewindTo = (size: number) => {
  const log = `log = '${server.tenant.id}'`;
  return withoutTriggers(
    server.database,
    `delete from audit.checkpoints where ${log} and size > ${size}`,
    `delete from audit.trees where ${log} and size > ${size}`,
    `delete from audit.entries using audit.leaves
     where leaves.${log} and index >= ${size} and entries.id = leaves.entry`,
    `delete from audit.leaves where ${log} and index >= ${size}`,
    `update audit.tiles set hashes = substring(hashes for ${size * 32})
     where ${log} and level = 0 and index = 0`,
  );
};

/** A log of some signed entries, then of three more, then without these. */
async function rewound(meanwhile: () => Promise<void> = async () => undefined) {
  await append(5);
  await until(async () => (await signedSize()) >= 6);
  const size = await signedSize();
  const note = await readFile(outside());
  await append(3);
  await until(async () => (await signedSize()) >= size + 3);
  await until(async () => (await readyz()).includes('"ok"'));
  await meanwhile();
  await rewindTo(size);
  return { size, note };
}

test("a node notices that its log was rewound, even without new entries", async () => {
  await rewound();
  await until(async () => (await readyz()).includes("audit_log_behind"));
  const node = await server.startNode();
  await until(async () => (await readyz(node.url)).includes("audit_log_behind"));
  await node.close();
});

test("the node that ran does not sign another history, even if the outside checkpoint went back too", async () => {
  const { size, note } = await rewound();
  await writeFile(outside(), note);
  await append(1);
  await until(async () => (await readyz()).includes("audit_log_behind"));
  expect(await signedSize()).toBe(size);
  expect(server.logged()).toMatch(/this server (saw|wrote)/);
});
