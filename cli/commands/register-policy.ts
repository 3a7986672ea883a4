import type { Command } from "commander";
import { policyTable, type PolicyRow } from "../../policies/policy-table.ts";
import type { Print } from "../output.ts";

/** Registers `policy` and its subcommands. */
export function registerPolicy(program: Command, print: Print): void {
  const policy = program.command("policy").description("Show who may do what");

  policy
    .command("table")
    .description("Print each action, the roles that may do it, and when")
    .option("--json", "print one JSON object a row, with the conditions that the server evaluates")
    .action(async ({ json }: { json?: boolean }) => {
      const rows = policyTable();
      await print(json === true ? rows.map((row) => JSON.stringify(row)).join("\n") : text(rows));
    });
}

/** Prints a paragraph for each action: its roles, and when they may. */
const text = (rows: readonly PolicyRow[]): string =>
  rows
    .map(
      ({ resource, action, roles, means, rule }) =>
        `${resource} ${action}: ${roles.join(", ")}\n  ${means} [${rule}]`,
    )
    .join("\n");
