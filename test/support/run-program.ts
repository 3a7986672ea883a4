import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs a program with so many variables in its environment. @returns what it printed */
export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment };
  return (await run(program, args, { env })).stdout;
}
