import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresUser } from "../../db/embedded/postgres-user.ts";
import { freePort } from "../../tools/testkit/server-process.ts";
import { ensureInstalled } from "./debian-packages.ts";
import { onDatabase } from "./postgres.ts";
import { until } from "./until.ts";

export interface PgBouncer {
  /** Returns the URL that leads to the same database through the pooler. */
  through(url: string): string;
  close(): Promise<void>;
}

/**
 * Starts Debian's PgBouncer in front of the cluster of `urls`. All of them lead to the same cluster.
 * @param settings lines of `[pgbouncer]`, such as `pool_mode = session`
 */
export async function startPgBouncer(
  urls: readonly string[],
  settings: readonly string[],
): Promise<PgBouncer> {
  ensureInstalled(() => spawnSync("pgbouncer", ["--version"]).status === 0, ["pgbouncer"]);
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-pgbouncer-"));
  const port = await freePort();
  const logins = urls.map((url) => new URL(url));
  const users = join(folder, "users.txt");
  await writeFile(users, logins.map((url) => `"${url.username}" "${url.password}"\n`).join(""));
  const file = join(folder, "pgbouncer.ini");
  await writeFile(
    file,
    [
      "[databases]",
      `* = host=127.0.0.1 port=${logins[0]?.port}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = plain",
      `auth_file = ${users}`,
      ...settings,
      "",
    ].join("\n"),
  );
  // Like PostgreSQL, PgBouncer does not run as root.
  const user = await postgresUser();
  if (user !== undefined)
    for (const path of [folder, users, file]) await chown(path, user.uid, user.gid);
  await chmod(folder, 0o755);
  const child = spawn("pgbouncer", [file], { ...user, stdio: "ignore" });
  const through = (given: string): string => {
    const url = new URL(given);
    url.port = String(port);
    return url.href;
  };
  await until(() => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}.`);
    return onDatabase(through(urls[0] ?? ""), () => Promise.resolve(true)).catch(() => false);
  });
  return {
    through,
    async close() {
      const ended = once(child, "exit");
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
