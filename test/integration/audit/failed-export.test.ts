import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

let server: TestServer;
let folder: string;

beforeAll(async () => {
  server = await startTestServer();
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    for (let at = 0; at < 300; at++) await appendEntry(client, entryOf(server.tenant.id, at));
  });
  await until(async () => {
    const { rows } = await server.database.owner.query<{ signed: boolean }>(
      `select not exists (select from audit.pending) and
         coalesce(max(size), 0) > 300 as signed from audit.checkpoints where log = $1`,
      [server.tenant.id],
    );
    return rows[0]?.signed === true;
  });
}, 60_000);
afterAll(() => server.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-export-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the export in a shell, after `before`. */
function exportTo(out: string, format: string, before = "") {
  const { slug } = server.tenant;
  const args = ["audit", "export", "--tenant", slug, "--format", format, "--out", out];
  return spawnSync("sh", ["-c", `${before} exec "$0" "$@"`, process.execPath, command, ...args], {
    cwd: tmpdir(),
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      SEALDESK_HOME: server.home,
      NODE_ENV: "test",
      DATABASE_URL: server.database.ownerUrl,
    },
  });
}

/** No file can become longer than 8 KiB: tiles of hashes fit, the entries do not. */
const SMALL_FILES = "ulimit -f 16;";

test.each(["jsonl", "csv", "tiles"])(
  "an export as %s that cannot be written to its end leaves nothing, and can be repeated",
  async (format) => {
    const out = join(folder, "export");
    const failed = exportTo(out, format, SMALL_FILES);
    expect(failed.stderr).toMatch(/^The export could not be written \(EFBIG\)\. .*again\.\n$/);
    expect([failed.status, failed.stdout]).toEqual([1, ""]);
    expect(await readdir(out)).toEqual([]);
    const repeated = exportTo(out, format);
    expect([repeated.status, repeated.stderr]).toEqual([0, ""]);
    const data = format === "tiles" ? ["checkpoint", "tile"] : [`entries.${format}`];
    expect((await readdir(out)).toSorted()).toEqual([...data, "manifest"].toSorted());
  },
  60_000,
);

test.each(["/dev/full", "/dev/full/export"])(
  "an export to %s is refused in one sentence",
  (out) => {
    const { status, stderr } = exportTo(out, "jsonl");
    const sentence = expect.stringMatching(/^The export could not be written \(ENOTDIR\)\./);
    expect([status, stderr]).toEqual([1, sentence]);
  },
);

test("an export that failed leaves the other files of its folder alone", async () => {
  await writeFile(join(folder, "letter.txt"), "to the auditor");
  expect(exportTo(folder, "tiles", SMALL_FILES).status).toBe(1);
  expect(await readdir(folder)).toEqual(["letter.txt"]);
});

test.each(["entries.jsonl", "tile"])(
  "a folder that holds `%s` is refused as an export, and stays unchanged",
  async (name) => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "kept"), "as it was");
    const { status, stderr } = exportTo(folder, "tiles");
    expect([status, stderr]).toEqual([1, expect.stringContaining("already holds an export")]);
    expect(await readFile(join(folder, name, "kept"), "utf8")).toBe("as it was");
    expect(await readdir(folder)).toEqual([name]);
  },
);
