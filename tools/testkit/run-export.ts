import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ExportReport, ExportTask } from "./export-process.ts";

const program = fileURLToPath(new URL("./export-process.js", import.meta.url));

/** How an attempt to take a copy ended. */
export interface Attempt {
  /** True if the process came to its end by itself, and did not fail. */
  readonly isDone: boolean;
  /** Events that were written when it ended. */
  readonly written: number;
  readonly peakMiB: number;
}

/**
 * Runs a customer's device that takes a copy, in a process of its own.
 * @param onReport is told what the process says. It may kill it
 */
export async function runExport(
  task: ExportTask,
  onReport: (report: ExportReport, kill: () => void) => void,
): Promise<Attempt> {
  const child = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit") as Promise<[number | null]>;
  let [written, peakKiB] = [0, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    const report = JSON.parse(line) as ExportReport;
    written = report.written ?? written;
    peakKiB = report.peakKiB ?? peakKiB;
    onReport(report, () => child.kill("SIGKILL"));
  }
  const [code] = await ended;
  return { isDone: code === 0, written, peakMiB: Math.round(peakKiB / 1_024) };
}
