import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import {
  endAll,
  postmasterOf,
  spawnServer,
  status,
  temporaryHome,
} from "../../support/server-process.ts";

let folder: Awaited<ReturnType<typeof temporaryHome>>;
let directory: string;
beforeEach(async () => {
  folder = await temporaryHome();
  directory = join(folder.home, "postgres");
});
afterEach(() => folder.remove());

test("two first starts at the same moment make one cluster and run it once", async () => {
  const [one, two] = await Promise.all([
    startEmbeddedPostgres(directory),
    startEmbeddedPostgres(directory),
  ]);
  expect(one.ownerUrl).toBe(two.ownerUrl);
  expect(one.adopted).toBe(!two.adopted);
  await one.stop();
  await two.stop();
  expect((await readdir(directory)).filter((name) => name.startsWith("new-cluster-"))).toEqual([]);
});

describe("a first start that was cut off", () => {
  test("while initdb worked: the next start makes the cluster", async () => {
    const unfinished = join(directory, "new-cluster-a1b2c3");
    await mkdir(join(unfinished, "base"), { recursive: true });
    await writeFile(join(unfinished, "PG_VERSION"), "18\n");
    await writeFile(`${unfinished}.password`, "secret");
    await (await startEmbeddedPostgres(directory)).stop();
    expect((await readdir(directory)).filter((name) => name.startsWith("new-cluster-"))).toEqual(
      [],
    );
  });

  test("while the files of the chosen cluster were moved to its place: the next start moves the rest", async () => {
    await (await startEmbeddedPostgres(directory)).stop();
    const chosen = join(directory, await readFile(join(directory, "chosen-cluster"), "utf8"));
    await mkdir(chosen);
    const moved = ["base", "global", "PG_VERSION"];
    for (const name of moved) await rename(join(directory, name), join(chosen, name));
    await (await startEmbeddedPostgres(directory)).stop();
    for (const name of moved) expect(existsSync(join(directory, name))).toBe(true);
    expect(existsSync(chosen)).toBe(false);
  });
});

test.each(["with space", "it's", "$HOME `id` 100%", 'double"quote', "back\\slash", "Ünïcode-家"])(
  "a home with the name %s works, also the second time",
  async (name) => {
    directory = join(folder.home, name, "postgres");
    for (let starts = 0; starts < 2; starts++) {
      const cluster = await startEmbeddedPostgres(directory);
      expect(cluster.adopted).toBe(false);
      await cluster.stop();
    }
    expect(await postmasterOf(join(folder.home, name))).toBeUndefined();
  },
);

test("a umask of 077, as on hardened machines, does not keep PostgreSQL from its new home", async () => {
  const server = spawnServer(join(folder.home, "new"), {
    wrap: (command) => ["sh", "-c", 'umask 077; exec "$@"', "sh", ...command],
  });
  try {
    expect(await status(`${await server.url()}/readyz`)).toBe(200);
  } finally {
    await endAll(join(folder.home, "new"), [server]);
  }
});

test.each(["/proc/nowhere/home", "/dev/null/home"])(
  "SEALDESK_HOME=%s is refused in a sentence",
  async (home) => {
    const server = spawnServer(home);
    expect(await server.ended()).toBe(1);
    expect(server.errors()).toMatch(
      /^SEALDESK_HOME cannot be created or written to \(E[A-Z]+\)\.\n$/,
    );
  },
);

test("a folder with files of somebody else's is refused with a sentence, and left alone", async () => {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "thesis.txt"), "years of work");
  await expect(startEmbeddedPostgres(directory)).rejects.toMatchObject({
    code: "embedded_unavailable",
    message: expect.stringMatching(/holds files but no PostgreSQL cluster\. Empty it/),
  });
  expect(await readFile(join(directory, "thesis.txt"), "utf8")).toBe("years of work");
});

test("a choice that names a folder outside is refused, and nothing is moved from there", async () => {
  const outside = join(folder.home, "outside");
  await mkdir(outside, { recursive: true });
  await writeFile(join(outside, "thesis.txt"), "years of work");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "chosen-cluster"), "../outside");
  await expect(startEmbeddedPostgres(directory)).rejects.toMatchObject({
    code: "embedded_unavailable",
  });
  expect(await readdir(outside)).toEqual(["thesis.txt"]);
});

test("a process id in postmaster.pid that now belongs to another program does not stop the start", async () => {
  await (await startEmbeddedPostgres(directory)).stop();
  const { uid, gid } = await stat(directory);
  const other = spawn("sleep", ["600"], { uid, gid, stdio: "ignore" });
  await once(other, "spawn");
  try {
    const pidFile = join(directory, "postmaster.pid");
    await writeFile(pidFile, [other.pid, directory, 1, 5432, "", "127.0.0.1", ""].join("\n"));
    await chown(pidFile, uid, gid);
    const cluster = await startEmbeddedPostgres(directory);
    expect(cluster.adopted).toBe(false);
    expect(await postmasterOf(folder.home)).not.toBe(other.pid);
    await cluster.stop();
    await cluster.stop();
    await rm(pidFile, { force: true });
  } finally {
    other.kill();
  }
});
