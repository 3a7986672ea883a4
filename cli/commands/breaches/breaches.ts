import { uuidv7 } from "uuidv7";
import { newBreachStep } from "../../../contract/breaches.ts";
import { idGenerator, isId, type CaseId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { regimes, type Regime } from "../../../policies/breach/duties.ts";
import { takenKinds, type Taken } from "../../../policies/breach/exposure.ts";
import { containments } from "../../../policies/breach/runbook.ts";
import { closeBreach } from "../../../workflows/breaches/close-breach.ts";
import { openBreach } from "../../../workflows/breaches/open-breach.ts";
import { listBreaches, showBreach } from "../../../workflows/breaches/show-breach.ts";
import { takeBreachStep } from "../../../workflows/breaches/take-step.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";
import { breachText } from "./breach-text.ts";

interface Options {
  readonly tenant: string;
}

export interface OpenOptions extends Options {
  readonly description: string;
  readonly taken?: readonly string[];
  readonly regime?: readonly string[];
  readonly discovered: string;
  readonly aware?: string;
  readonly classified?: string;
}

/** Opens the case of a breach. */
export async function openBreachCommand(settings: Settings, options: OpenOptions): Promise<string> {
  const { tenant, description, taken = [], regime = [] } = options;
  if (taken.length === 0 || regime.length === 0)
    throw new CommandError("Say what was taken with --taken, and which laws apply with --regime.");
  const asked = {
    description,
    taken: taken.map(takenOf),
    regimes: regime.map(regimeOf),
    discoveredAtMs: timeOf(options.discovered),
    awareAtMs: timeOf(options.aware),
    classifiedAtMs: timeOf(options.classified),
  };
  const newId = idGenerator(uuidv7);
  const id = await withPolicy(settings, tenant, ({ deps, party }) =>
    openBreach({ ...deps, newId }, party, asked),
  );
  return `Breach ${id} is open. A running server assesses now what it exposes: sealdesk breach show ${id} --tenant ${tenant}`;
}

/** Lists the breaches. */
export async function listBreachesCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const all = await withPolicy(settings, tenant, ({ deps, party }) => listBreaches(deps, party));
  if (json === true) return JSON.stringify(all);
  if (all.length === 0) return "There is no breach.";
  return all
    .map(({ id, state, dueAtMs, description }) =>
      [
        id,
        state,
        ...(dueAtMs === null ? [] : [`next notice due ${new Date(dueAtMs).toISOString()}`]),
        JSON.stringify(description),
      ].join("  "),
    )
    .join("\n");
}

/** Prints a breach: what it exposes, the clocks, and what is left to do. */
export async function showBreachCommand(
  settings: Settings,
  id: string,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const found = breachOf(id);
  const breach = await withPolicy(settings, tenant, ({ deps, party }) =>
    showBreach(deps, party, found),
  );
  return json === true ? JSON.stringify(breach, undefined, 2) : breachText(breach);
}

export interface StepOptions extends Options {
  readonly taken?: readonly string[];
  readonly duty?: string;
  readonly at?: string;
  readonly ground?: string;
}

/** Takes the next step about a breach. */
export async function stepCommand(
  settings: Settings,
  id: string,
  step: string,
  { tenant, taken, duty, at, ground }: StepOptions,
): Promise<string> {
  const found = breachOf(id);
  const asked = newBreachStep.safeParse({
    step,
    ...(taken !== undefined && { taken: taken.map(takenOf) }),
    ...(duty !== undefined && { duty }),
    ...(at !== undefined && { atMs: timeOf(at) }),
    ...(ground !== undefined && { ground }),
  });
  if (!asked.success)
    throw new CommandError(
      "The step is one of revoke_sessions, rotate_keys, record_taken (--taken), record_classification (--at), record_notice (--duty, --at) and waive_notice (--duty, --ground).",
    );
  await withPolicy(settings, tenant, ({ deps, party }) =>
    takeBreachStep(deps, party, found, asked.data),
  );
  return containments.some((each) => each === step)
    ? "A running server takes the step now."
    : "It is recorded.";
}

/** Closes a breach. */
export async function closeBreachCommand(
  settings: Settings,
  id: string,
  { tenant, reason }: Options & { readonly reason: string },
): Promise<string> {
  const found = breachOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) =>
    closeBreach(deps, party, { id: found, reason }),
  );
  return "The breach is closed.";
}

/** Parses the id of a breach. @throws CommandError */
export function breachOf(text: string): CaseId {
  if (!isId<CaseId>(text))
    throw new CommandError("Give the id of a breach, as the list prints it.");
  return text;
}

/** Parses what was taken: `database=2026-11-30T10:00:00Z`, or `device:ID=2026-11-30`. @throws CommandError */
function takenOf(text: string): Taken {
  const [, kind = "", device, moment = ""] = /^([a-z]+)(?::([^=]+))?=(.+)$/.exec(text) ?? [];
  const what = takenKinds.find((each) => each === kind);
  if (what === undefined || (device !== undefined && !isId<DeviceId>(device)))
    throw new CommandError(
      `--taken is WHAT=MOMENT, or device:ID=MOMENT. WHAT is one of ${takenKinds.join(", ")}.`,
    );
  return { what, atMs: timeOf(moment), ...(device !== undefined && { device }) };
}

function regimeOf(text: string): Regime {
  const regime = regimes.find((each) => each === text);
  if (regime === undefined) throw new CommandError(`--regime is one of ${regimes.join(", ")}.`);
  return regime;
}
