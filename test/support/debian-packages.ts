import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Makes sure that programs of Debian are there: installs their packages when it may, which is as root
 * on Debian. @throws Error that says what to install, when they are still not there
 */
export function ensureInstalled(isThere: () => boolean, packages: readonly string[]): void {
  if (isThere()) return;
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { env });
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
  }
  if (!isThere()) throw new Error(`apt-get install ${packages.join(" ")}`);
}
