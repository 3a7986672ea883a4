import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-output-"));
  // Before the first checkpoint there is nothing to export.
  await until(async () => {
    const { rows } = await server.database.owner.query<{ signed: boolean }>(
      "select count(*) > 0 as signed from audit.checkpoints where log = $1",
      [server.tenant.id],
    );
    return rows[0]?.signed === true;
  });
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function start(args: readonly string[], output: "pipe" | number) {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: tmpdir(),
    stdio: ["ignore", output, "pipe"],
    env: {
      PATH: process.env["PATH"],
      SEALDESK_HOME: server.home,
      NODE_ENV: "test",
      DATABASE_URL: server.database.ownerUrl,
    },
  });
  let err = "";
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, err }));
  return { child, ended };
}

const exportTo = (name: string) => {
  const { slug } = server.tenant;
  const out = join(folder, name);
  return ["audit", "export", "--tenant", slug, "--format", "jsonl", "--out", out];
};
const commands: [string, () => string[]][] = [
  ["--help", () => ["--help"]],
  ["--version", () => ["--version"]],
  ["audit export", () => exportTo("export")],
  ["audit tail", () => ["audit", "tail", "--tenant", server.tenant.slug]],
];

test.each(commands)(
  "`sealdesk %s` ends quietly with status 141 when the reader of its output is gone, as `head` is",
  async (_name, args) => {
    const { child, ended } = start(args(), "pipe");
    // The command has not begun to write: its process is only being started.
    child.stdout!.destroy();
    expect(await ended).toEqual({ code: 141, err: "" });
  },
);

test("an export is complete, although its output was not read", async () => {
  const { child, ended } = start(exportTo("unread"), "pipe");
  child.stdout!.destroy();
  await ended;
  expect((await readdir(join(folder, "unread"))).toSorted()).toEqual(["entries.jsonl", "manifest"]);
});

test.each(commands)(
  "`sealdesk %s` says in a sentence that the disk of its output is full, and fails",
  async (_name, args) => {
    await rm(join(folder, "export"), { recursive: true, force: true });
    const full = openSync("/dev/full", "w");
    const { ended } = start(args(), full);
    closeSync(full);
    const err = "Standard output could not be written (ENOSPC).\n";
    expect(await ended).toEqual({ code: 1, err });
  },
);
