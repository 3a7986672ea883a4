import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a checkout does not contain. */
const MADE_HERE = /^(node_modules|dist|coverage|\.git|\.sealdesk|\.env)$|\.tsbuildinfo$/;
/** What npm builds native packages with. */
const BUILD_TOOL = /(^|-)(cc|c\+\+|g\+\+|gcc|clang|make|gmake|python)/;
/** The user nobody of Debian. */
const NOBODY = 65_534;

/** A checkout as a newcomer has it, on a machine without compiler, make and Python. */
export interface FreshClone {
  readonly folder: string;
  /** Runs a program in the checkout. @returns what it printed */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program in the checkout, in a process group of its own. */
  start(program: string, ...args: readonly string[]): ChildProcess;
  remove(): Promise<void>;
}

/**
 * Copies this checkout for an ordinary user, without what was built in it. If root runs the tests,
 * the programs run as user nobody.
 * @param environment further variables for the programs
 */
export async function makeFreshClone(
  environment: Readonly<Record<string, string>>,
): Promise<FreshClone> {
  const place = await mkdtemp(join(tmpdir(), "sealdesk-newcomer-"));
  const [folder, programs, cache] = ["sealdesk", "bin", "npm-cache"].map((name) =>
    join(place, name),
  ) as [string, string, string];
  await cp(".", folder, { recursive: true, filter: (path) => !MADE_HERE.test(basename(path)) });
  await linkPrograms(programs);
  await copyNpmCache(cache);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await run("chown", ["-R", `${NOBODY}:${NOBODY}`, place]);
  const options = {
    cwd: folder,
    env: {
      PATH: programs,
      HOME: place,
      npm_config_cache: cache,
      npm_config_prefer_offline: "true",
      ...environment,
    },
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  };
  return {
    folder,
    async run(program, ...args) {
      const path = join(programs, program);
      return (await run(path, args, { ...options, maxBuffer: 2 ** 26 })).stdout;
    },
    start: (program, ...args) =>
      spawn(join(programs, program), args, { ...options, detached: true }),
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

/** Links every program of this machine but the build tools. */
async function linkPrograms(to: string): Promise<void> {
  await mkdir(to);
  for (const from of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of await readdir(from).catch(() => []))
      if (!BUILD_TOOL.test(name) && !existsSync(join(to, name)))
        await symlink(join(from, name), join(to, name)).catch(() => undefined);
}

/** With it, npm downloads only what this machine has never installed. */
async function copyNpmCache(to: string): Promise<void> {
  const { stdout } = await run("npm", ["config", "get", "cache"]);
  const packages = join(stdout.trim(), "_cacache");
  await mkdir(to);
  if (existsSync(packages)) await run("cp", ["-R", packages, to]);
}
