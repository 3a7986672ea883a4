import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const debianModules = "/usr/share/gocode";

/**
 * Builds a program of test/go with Debian's Go and Debian's golang.org/x/mod, nothing fetched.
 * @param folder where the program is put. @returns its path
 */
export function buildGo(program: string, folder: string): string {
  ensureInstalled();
  const out = join(folder, program);
  const env = {
    ...process.env,
    GO111MODULE: "off",
    GOPATH: debianModules,
    GOCACHE: join(folder, "cache"),
    GOFLAGS: "",
  };
  const source = new URL(`../go/${program}/`, import.meta.url).pathname;
  const built = spawnSync("go", ["build", "-o", out, "."], { env, cwd: source, encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  return out;
}

function ensureInstalled(): void {
  const isThere = () =>
    spawnSync("go", ["version"]).status === 0 &&
    existsSync(join(debianModules, "src/golang.org/x/mod/sumdb/tlog"));
  if (isThere()) return;
  const packages = ["golang-go", "golang-golang-x-mod-dev"];
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { env });
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
  }
  if (!isThere()) throw new Error(`apt-get install ${packages.join(" ")}`);
}
