import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const DEBIAN = "/etc/debian_version";

/**
 * Makes sure that programs of Debian are there. As root on Debian, it installs their packages. Tests
 * that run at the same time install one after the other.
 * @throws Error that says what to install, when the programs are still missing
 */
export function ensureInstalled(isThere: () => boolean, packages: readonly string[]): void {
  if (isThere()) return;
  const install = `apt-get install -y -qq --no-install-recommends ${packages.join(" ")}`;
  let output = "";
  if (process.getuid?.() === 0 && existsSync(DEBIAN)) {
    // apt-get fails while another one runs.
    const ran = spawnSync("flock", [DEBIAN, "sh", "-c", `apt-get update -qq; ${install}`], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      encoding: "utf8",
    });
    output = ran.stderr;
  }
  if (isThere()) return;
  const remedy = `This test needs Debian packages. Run: apt-get install ${packages.join(" ")}`;
  throw new Error(`${remedy}\n${output}`.trim());
}
