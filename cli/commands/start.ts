import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Runs the server as a program of its own, with this one's terminal; forwards signals to it.
 * @returns its exit code; 1 when a signal killed it.
 */
export async function start(): Promise<number> {
  const program = fileURLToPath(new URL("../../server/main.js", import.meta.url));
  const server = spawn(process.execPath, [program], { stdio: "inherit" });
  // From a terminal it gets Ctrl-C twice, from there and from here; once is enough for it. What
  // SIGHUP means is for the server to say.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => void server.kill(signal));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => resolve(code ?? 1));
  });
}
