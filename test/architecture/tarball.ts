import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { cruise } from "dependency-cruiser";

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Tarball {
  /** What the package holds, by path. */
  readonly files: readonly string[];
  readonly manifest: Manifest;
  /** Where it was unpacked, with the repository's node_modules linked beside it. */
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/** Packs a package as it would be published. `options` go to `npm pack`. */
export async function packTarball(...options: readonly string[]): Promise<Tarball> {
  const place = await mkdtemp(join(tmpdir(), "sealdesk-pack-"));
  const { stdout } = await run("npm", [
    "pack",
    "--json",
    "--pack-destination",
    place,
    ...options,
  ]).catch((cause: { stdout: string; stderr: string }) => {
    throw new Error(`npm pack: ${cause.stdout}${cause.stderr}`, { cause });
  });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [
    { filename: string; files: { path: string }[] },
  ];
  const folder = join(place, "package");
  await mkdir(folder);
  await run("tar", ["-xzf", join(place, packed.filename.replace(/^@/, "").replace("/", "-"))], {
    cwd: place,
  });
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  return {
    files: packed.files.map(({ path }) => path),
    manifest: JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest,
    folder,
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

/** The names of the packages that the unpacked code imports, sorted. */
export async function importedPackages({ folder }: Tarball): Promise<string[]> {
  const { output } = await cruise(["dist"], {
    baseDir: folder,
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default"] },
  });
  if (typeof output === "string") throw new Error("dependency-cruiser answered with text");
  const names = output.modules
    .filter(({ source }) => source.startsWith("dist/") && source.endsWith(".js"))
    .flatMap(({ dependencies }) => dependencies)
    .filter(({ module, coreModule }) => !coreModule && !module.startsWith("."))
    .map(({ module }) => /^(@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module);
  return [...new Set(names)].toSorted();
}

/** Runs packed code in a process that writes down every module it resolved. */
export async function modulesLoadedBy(...command: readonly string[]): Promise<string[]> {
  const record = resolve("test/architecture/record-modules.mjs");
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-modules-"));
  const loaded = join(folder, "loaded.json");
  try {
    await run(process.execPath, ["--import", record, ...command], {
      env: { PATH: process.env["PATH"], MODULES_RECORD: loaded },
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(await readFile(loaded, "utf8")) as string[];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
