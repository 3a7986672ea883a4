import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RestorableServer } from "../../support/restorable-server.ts";
import { until } from "../../support/until.ts";

const killer = fileURLToPath(new URL("../../support/kill-at-rename.mjs", import.meta.url));

let server: RestorableServer;
beforeAll(async () => {
  server = await RestorableServer.make();
}, 120_000);
afterAll(() => server.remove());

/** Starts the server until it is ready, and stops it, so that every entry is signed. */
async function runOnce(): Promise<void> {
  server.start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  await server.stop();
}

/** The actions about the audit key in a log, in its order. */
async function actionsOf(name: string, ...log: readonly string[]): Promise<readonly string[]> {
  const out = server.at(name);
  server.done(
    "audit",
    "export",
    ...log,
    "--format",
    "jsonl",
    "--action",
    "audit_key.",
    "--out",
    out,
  );
  const text = await readFile(join(out, "entries.jsonl"), "utf8");
  return Array.from(text.matchAll(/"action":"audit_key\.(\w+)"/g), ([, verb = ""]) => verb);
}

test("a key that was destroyed by a call that was killed is on record after the next call", async () => {
  await runOnce();
  server.done("audit", "key", "rotate");
  await runOnce();
  const retire = (kill: number) =>
    server.run(["audit", "key", "retire"], {
      node: ["--import", killer],
      environment: { KILL_AFTER: String(kill) },
    });
  // Killed after each of its writes, one of which is the destruction.
  let kills = 0;
  for (let ended: number | string | null = null; ended !== 0; kills++) {
    ({ status: ended } = retire(kills + 1));
    expect([0, "SIGKILL"]).toContain(ended);
  }
  expect(kills).toBeGreaterThan(1);
  expect(server.run(["audit", "key", "retire"])).toMatchObject({
    status: 1,
    err: expect.stringContaining("rotate first"),
  });
  const all = ["rotate_begin", "rotate", "retire_begin", "retire"];
  expect(await actionsOf("operator", "--operator")).toEqual(all);
  expect(await actionsOf("demo", "--tenant", "demo")).toEqual(all);
}, 240_000);
