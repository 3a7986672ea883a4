import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./debian-packages.ts";

const debianModules = "/usr/share/gocode";
const isGoThere = () =>
  spawnSync("go", ["version"]).status === 0 &&
  existsSync(join(debianModules, "src/golang.org/x/mod/sumdb/tlog"));

/**
 * Builds a program of test/go with Debian's Go and Debian's golang.org/x/mod, nothing fetched.
 * @param folder where the program is put. @returns its path
 */
export function buildGo(program: string, folder: string): string {
  const source = new URL(`../go/${program}/`, import.meta.url).pathname;
  const out = join(folder, program);
  buildGoFolder(source, out, folder);
  return out;
}

/**
 * Builds the Go program in the folder `source` as `buildGo` does.
 * @param out path of the program. @param folder where the build's cache is put
 */
export function buildGoFolder(source: string, out: string, folder: string): void {
  ensureInstalled(isGoThere, ["golang-go", "golang-golang-x-mod-dev"]);
  const env = {
    ...process.env,
    GO111MODULE: "off",
    GOPATH: debianModules,
    GOCACHE: join(folder, "cache"),
    GOFLAGS: "",
  };
  const built = spawnSync("go", ["build", "-o", out, "."], { env, cwd: source, encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
}
