import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Readable } from "node:stream";

const main = fileURLToPath(new URL("../../../cli/main.js", import.meta.url));
// On exit it writes the process's peak memory, in KiB, to file descriptor 3.
const tellPeak =
  "import{writeSync}from'node:fs';process.on('exit',()=>writeSync(3,String(process.resourceUsage().maxRSS)))";

export interface CommandUsage {
  readonly seconds: number;
  readonly peakMiB: number;
}

/**
 * Runs `sealdesk` to its end, as an operator would.
 * @throws Error with the command's output, if it fails
 */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandUsage> {
  const begin = performance.now();
  const child = spawn(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(tellPeak)}`, main, ...args],
    {
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
  const [said, peak, [code]] = await Promise.all([
    text(child.stdio[2] as Readable),
    text(child.stdio[3] as Readable),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`sealdesk ${args.slice(0, 2).join(" ")} failed: ${said}`);
  return { seconds: (performance.now() - begin) / 1_000, peakMiB: Number(peak) / 1_024 };
}
