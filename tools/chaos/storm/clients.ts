import { readFileSync } from "node:fs";
import { SeededRandom } from "../../testkit/seeded-random.ts";
import type { StormDevice } from "./arrange-storm.ts";
import { catchUp, type Seen } from "./storm-client.ts";

/** The instructions for a process of clients, as a file. */
export interface StormAssignment {
  readonly url: string;
  readonly seed: number;
  readonly clients: readonly { readonly device: StormDevice; readonly accessToken: string }[];
}

/** Waits for the signal, connects all clients at one moment, and reports what they saw. */
async function main([file = ""]: readonly string[]): Promise<void> {
  const { url, seed, clients } = JSON.parse(readFileSync(file, "utf8")) as StormAssignment;
  const random = new SeededRandom(seed);
  // Ends this process if the parent process is gone, because no other process would.
  process.on("disconnect", () => process.exit(1));
  const told = new Promise((resolve) => process.once("message", resolve));
  process.send?.("ready");
  await told;
  const seen: Seen[] = await Promise.all(
    clients.map(({ device, accessToken }) =>
      catchUp(url, device, accessToken, () => random.next()),
    ),
  );
  process.send?.(seen);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
