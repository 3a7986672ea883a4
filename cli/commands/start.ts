import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Runs the server as a separate process on this terminal and forwards signals to it.
 * @returns the exit code of the server; 1 if a signal killed it
 */
export async function start(): Promise<number> {
  const program = fileURLToPath(new URL("../../server/main.js", import.meta.url));
  const server = spawn(process.execPath, [program], { stdio: "inherit" });
  // The server receives Ctrl-C's signal twice, from the terminal and from here. It ignores the
  // second. The server itself decides about SIGHUP.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => void server.kill(signal));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => resolve(code ?? 1));
  });
}
