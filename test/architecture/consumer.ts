import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { packTarball, type Tarball } from "./tarball.ts";

const run = promisify(execFile);

/** An application of somebody else, with the packed `@sealdesk/client` in its node_modules. */
export interface Consumer {
  readonly folder: string;
  /** The package that is installed. One test file packs it, because packing empties the build's folder. */
  readonly tarball: Tarball;
  write(path: string, content: string): Promise<void>;
  /**
   * Runs a program in the folder: a path below node_modules of the repository, or an absolute path.
   * @returns all that it printed
   */
  run(program: string, ...options: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function makeConsumer(): Promise<Consumer> {
  const tarball = await packTarball("--workspace", "client");
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-consumer-"));
  const installed = join(folder, "node_modules/@sealdesk/client");
  await mkdir(dirname(installed), { recursive: true });
  await cp(tarball.folder, installed, { recursive: true, verbatimSymlinks: true });
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  return {
    folder,
    tarball,
    async write(path, content) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    },
    async run(program, ...options) {
      const env = { PATH: process.env["PATH"], HOME: folder };
      const done = run(resolve("node_modules", program), options, { cwd: folder, env });
      const { stdout, stderr } = await done.catch((cause: { stdout: string; stderr: string }) => {
        throw new Error(`${program}: ${cause.stdout}${cause.stderr}`, { cause });
      });
      return stdout + stderr;
    },
    async remove() {
      await tarball.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a page loads before it asks for more: the entry and all that it imports, and theirs. */
export interface FirstLoad {
  readonly files: readonly string[];
  readonly gzipBytes: number;
  readonly code: string;
}

/** @param entry the name of a file in `folder`, which holds the bundler's output */
export async function firstLoadOf(folder: string, entry: string): Promise<FirstLoad> {
  const files = new Set<string>();
  let gzipBytes = 0;
  let code = "";
  const visit = async (file: string): Promise<void> => {
    if (files.has(file)) return;
    files.add(file);
    const content = await readFile(join(folder, file), "utf8");
    gzipBytes += gzipSync(content).length;
    code += content;
    for (const [, imported = ""] of content.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g))
      await visit(imported);
  };
  await visit(entry);
  return { files: [...files], gzipBytes, code };
}

/** The names of the JavaScript files in a folder. */
export const scriptsIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith(".js"));
