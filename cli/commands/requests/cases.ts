import { isId, type CaseId } from "../../../crypto/wire/ids.ts";
import { repeatStep } from "../../../workflows/cases/repeat-step.ts";
import { listCases, showCase } from "../../../workflows/cases/show-cases.ts";
import type { Case } from "../../../workflows/cases/stored-case.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Lists cases. */
export async function listCasesCommand(
  settings: Settings,
  { tenant, all, json }: Options & { readonly all?: true; readonly json?: true },
): Promise<string> {
  const cases = await withPolicy(settings, tenant, ({ deps, party }) =>
    listCases(deps, party, { all: all === true }),
  );
  if (json === true) return JSON.stringify(cases);
  return cases.length === 0 ? "No case is open." : cases.map(lineOf).join("\n");
}

/** Prints a case and its steps as JSON. */
export async function showCaseCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const found = caseOf(id);
  const shown = await withPolicy(settings, tenant, ({ deps, party }) =>
    showCase(deps, party, found),
  );
  return JSON.stringify(shown, undefined, 2);
}

/** Has a step that failed tried again. */
export async function repeatCaseCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const found = caseOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) => repeatStep(deps, party, found));
  return "A running server tries the step again now.";
}

const lineOf = ({ id, kind, state, step, pending }: Case): string =>
  `${id} ${kind} ${state}, ${step} steps done${pending === null ? "" : `, pending: ${pending}`}`;

function caseOf(id: string): CaseId {
  if (!isId<CaseId>(id)) throw new CommandError("Give the id of a case, as the list prints it.");
  return id;
}
