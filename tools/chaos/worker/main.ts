import { readFileSync } from "node:fs";
import { findDevelopmentKey } from "../../../identity/tokens/development-key.ts";
import type { WorkerAssignment } from "../devices/assignment.ts";
import { SeededRandom } from "../../testkit/seeded-random.ts";
import { liveDevice } from "./live-device.ts";
import { Stages, type Stage } from "./stages.ts";

/**
 * Runs the devices of one assignment from the given stage to the last one. Arguments: FILE STAGE
 * LIFE.
 */
async function main([file = "", stage = "enrol", life = "1"]: readonly string[]): Promise<void> {
  const assignment = JSON.parse(readFileSync(file, "utf8")) as WorkerAssignment;
  const { url, tenant, serverHome, pauseMs, devices } = assignment;
  const stages = new Stages(stage as Stage);
  process.on("message", (next) => stages.enter(next as Stage));
  // Ends this process if the parent process is gone, because no other process would.
  process.on("disconnect", () => process.exit(1));
  const customerKey = await findDevelopmentKey(serverHome);
  if (customerKey === undefined) throw new Error("The server made no development key.");
  const random = new SeededRandom(assignment.seed + 101 * Number(life));
  await Promise.all(
    devices.map((device) =>
      liveDevice(device, { url, tenant, customerKey, pauseMs, random, stages }),
    ),
  );
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
