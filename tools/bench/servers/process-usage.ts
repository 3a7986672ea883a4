import { readFile } from "node:fs/promises";
import type { CpuProbe } from "./probe.ts";

/**
 * The positions of user and system time in proc_pid_stat(5), counted from the field after the
 * command's name.
 */
const UTIME = 11;
const STIME = 12;
/** The microseconds of a tick. USER_HZ is 100 on every architecture that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** Asks Linux for the resources that a process other than Node's has used. */
export const processProbe = (pid: number): CpuProbe => ({
  async usage() {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name is in parentheses and may contain parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[UTIME]) + Number(fields[STIME]);
    return { cpuMicros: ticks * MICROS_PER_TICK };
  },
});
