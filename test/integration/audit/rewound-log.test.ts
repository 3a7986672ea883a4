import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { attackTest, saidBy } from "../../support/attack-test.ts";
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

/** A log of some signed entries, then of three more, that can be rewound to the first ones. */
async function grown() {
  await append(5);
  await until(async () => (await signedSize()) >= 6);
  const size = await signedSize();
  const note = await readFile(outside());
  await append(3);
  await until(async () => (await signedSize()) >= size + 3);
  await until(async () => (await readyz()).includes('"ok"'));
  return { size, note };
}

attackTest(
  {
    attempt: "A log and its signed heads are rewound while nodes run",
    foundBy: "each node that saw the later head, even without new entries",
    when: "check",
    code: "audit_log_behind",
    says: "If you restored a backup, declare it: see docs/restore.md. Otherwise, find out who put the database back.",
  },
  async () => {
    const { size } = await grown();
    const said = await saidBy(server, "audit_log_behind", () => rewindTo(size));
    const node = await server.startNode();
    await until(async () => (await readyz(node.url)).includes("audit_log_behind"));
    await node.close();
    return said;
  },
);

attackTest(
  {
    attempt: "A log, its signed heads and its checkpoint outside are rewound while nodes run",
    foundBy: "the node that signs, which knows what it wrote",
    when: "signature",
    code: "audit_log_behind",
    says: "If you restored a backup, declare it: see docs/restore.md. Otherwise, find out who put the database back.",
  },
  async () => {
    const { size, note } = await grown();
    const said = await saidBy(server, "audit_log_behind", async () => {
      await rewindTo(size);
      await writeFile(outside(), note);
      await append(1);
    });
    expect(await signedSize()).toBe(size);
    expect(said.text).toMatch(/this server (saw|wrote)/);
    return said;
  },
);
