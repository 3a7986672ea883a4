import { execFile, type ExecFileOptions } from "node:child_process";
import { promisify } from "node:util";

const start = promisify(execFile);

/** The environment variables that PostgreSQL's programs need. */
const PASSED_ON = new Set([
  "PATH",
  "LANG",
  "TZ",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SYSTEMROOT",
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
]);

/**
 * Runs a program to its end, with the arguments as they are. It gets few of our environment
 * variables. Sealdesk's variables hold secrets, and a superuser of the database can read the
 * environment of its processes.
 */
export function run(
  program: string,
  args: readonly string[],
  options: Pick<ExecFileOptions, "cwd" | "uid" | "gid"> = {},
): Promise<{ readonly stdout: string }> {
  const passed = Object.entries(process.env).filter(
    ([name]) => PASSED_ON.has(name.toUpperCase()) || name.startsWith("LC_"),
  );
  return start(program, [...args], { ...options, env: Object.fromEntries(passed) });
}
