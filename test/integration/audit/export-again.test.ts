import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendEntry } from "../../../audit/append-entry.ts";
import { exportFormats } from "../../../cli/commands/audit/export.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-again-"));
  await append(300);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Appends entries and waits until all entries are signed. */
async function append(count: number) {
  const { id } = server.tenant;
  await inTransaction(server.database.pool, id, async (client) => {
    for (let at = 0; at < count; at++) await appendEntry(client, entryOf(id, at));
  });
  await until(async () => (await sizes()).signed === (await server.auditEntries()).length);
}

async function sizes() {
  const { rows } = await server.database.owner.query<{ signed: number; first: number }>(
    "select max(size)::int as signed, min(size)::int as first from audit.checkpoints where log = $1",
    [server.tenant.id],
  );
  return rows[0] ?? { signed: 0, first: 0 };
}

const audit = (command: string, ...args: readonly string[]) =>
  runSealdesk(server, ["audit", command, ...args]);
const ofTenant = () => ["--tenant", server.tenant.slug];

/** Every file of an export, by its path. */
async function filesIn(out: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      files[path.slice(out.length)] = (await readFile(path)).toString("base64");
    }
  return files;
}

test.each(exportFormats)(
  "an export as %s is made again as it was, although it is itself in the log",
  async (format) => {
    const [first, again] = [join(folder, `${format}-1`), join(folder, `${format}-2`)];
    const exporting = ["--format", format, ...ofTenant()];
    expect(await audit("export", ...exporting, "--out", first)).toMatchObject({ code: 0 });
    const entry = (await server.auditEntries()).at(-1);
    expect(entry).toMatchObject({ action: "audit.export", details: { format } });
    const size = (entry?.["details"] as { size?: number } | undefined)?.size;
    await append(5);
    const made = await audit("export", ...exporting, "--size", String(size), "--out", again);
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining(`of ${size} entries`) });
    expect(await filesIn(again)).toEqual(await filesIn(first));
  },
);

test("an earlier export as tiles verifies, and so does one entry of it", async () => {
  const { signed } = await sizes();
  await append(300);
  const vkey = (await audit("vkey", ...ofTenant())).out.trim();
  const [out, proof] = [join(folder, "tiles"), join(folder, "proof")];
  const size = ["--size", String(signed)];
  await audit("export", ...ofTenant(), ...size, "--out", out);
  expect((await audit("verify", out, "--vkey", vkey)).out).toContain(`Verified ${signed} entries`);
  await audit("prove", ...ofTenant(), ...size, "--index", "7", "--out", proof);
  const verified = ["--entry", `${proof}.entry`, "--vkey", vkey];
  const { out: said } = await audit("verify", `${proof}.tlog-proof`, ...verified);
  expect(said).toContain(`the entry has index 7 of ${signed}`);
});

test("a size that no signed head has is refused with the nearest ones, and so is no number", async () => {
  const exports = async () =>
    (await server.auditEntries()).filter(({ action }) => action === "audit.export");
  const before = await exports();
  const { signed } = await sizes();
  const refused = async (...size: readonly string[]) => {
    const answer = await audit("export", ...ofTenant(), ...size, "--out", join(folder, "refused"));
    expect(answer.code).toBe(1);
    return answer.err;
  };
  expect(await refused("--size", String(signed + 100))).toBe(
    `The log has no signed head of ${signed + 100} entries. The nearest has ${signed}.\n`,
  );
  for (const wrong of ["0", "-1", "many", "1.5"])
    expect(await refused("--size", wrong)).toContain("--size takes a number of entries");
  expect(await refused("--size", "1", "--cosigned", "1")).toContain("--size or --cosigned");
  expect(await exports()).toEqual(before);
});
