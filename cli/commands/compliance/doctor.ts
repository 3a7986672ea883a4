import { DatabaseError } from "../../../db/database-error.ts";
import { readDatabaseClock } from "../../../db/database-clock.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { checkOf, failed, verdictOf, type Check } from "../../../workflows/compliance/check.ts";
import {
  checkCompliance,
  type ComplianceDeps,
} from "../../../workflows/compliance/check-compliance.ts";
import { checkDeployment } from "../../../workflows/compliance/deployment-checks.ts";
import { namedTenant } from "../../named-tenant.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withChecks } from "./with-checks.ts";

export interface DoctorOptions {
  /** Also check whether the deployment and its tenants keep what they promise. */
  readonly compliance?: true;
  /** Check this tenant only. */
  readonly tenant?: string;
  readonly json?: true;
}

/** The checks of the deployment, or of one tenant. */
interface Section {
  /** Null for the deployment. */
  readonly tenant: string | null;
  readonly checks: readonly Check[];
}

/** The exit codes of the doctor: all is well, something failed, something needs a look. */
const exitCodes = { ok: 0, failed: 1, warning: 2 } as const;

/**
 * Checks whether the server runs well, and with `--compliance` whether the deployment and its tenants keep what they promise.
 * It changes nothing.
 * @param onVerdict is given the exit code: 0 all is well, 1 something failed, 2 something needs a look
 */
export async function doctorCommand(
  settings: Settings,
  { compliance, tenant: slug, json }: DoctorOptions,
  onVerdict: (exitCode: number) => void,
): Promise<string> {
  if (slug !== undefined && compliance !== true)
    throw new CommandError("Give --tenant with --compliance.");
  const { checkedAtMs, sections } = await examine(settings, compliance === true, slug);
  const verdict = verdictOf(sections.flatMap(({ checks }) => checks));
  onVerdict(exitCodes[verdict]);
  if (json === true) return JSON.stringify({ checkedAtMs, verdict, sections });
  return [
    ...sections.flatMap(({ tenant, checks }) => [
      tenant === null ? "The deployment" : `The tenant ${tenant}`,
      ...checks.flatMap(linesOf),
    ]),
    { ok: "All is well.", warning: "Something needs a look.", failed: "Something failed." }[
      verdict
    ],
  ].join("\n");
}

interface Examined {
  readonly checkedAtMs: number;
  readonly sections: readonly Section[];
}

async function examine(
  settings: Settings,
  compliance: boolean,
  slug: string | undefined,
): Promise<Examined> {
  try {
    return await withChecks(settings, async (deps) => {
      const checkedAtMs = await readDatabaseClock(deps.pool);
      if (compliance) return { checkedAtMs, sections: await complianceOf(settings, deps, slug) };
      const checks = await checkDeployment(deps);
      return {
        checkedAtMs,
        sections: [{ tenant: null, checks: checks.filter(({ about }) => about === "health") }],
      };
    });
  } catch (error) {
    // Without the database, nothing else can be asked.
    if (!(error instanceof DatabaseError)) throw error;
    const checks = [checkOf("database", failed(error.message))];
    return { checkedAtMs: Date.now(), sections: [{ tenant: null, checks }] };
  }
}

async function complianceOf(
  settings: Settings,
  deps: ComplianceDeps,
  slug: string | undefined,
): Promise<readonly Section[]> {
  const tenants =
    slug === undefined
      ? (
          await deps.pool.query<{ id: TenantId; slug: string }>(
            "select id, slug from tenants order by slug",
          )
        ).rows
      : [{ id: (await namedTenant(deps.pool, slug)).id, slug }];
  if (tenants.length === 0) return [{ tenant: null, checks: await checkDeployment(deps) }];
  const sections: Section[] = [];
  for (const tenant of tenants) {
    const party = { tenant: tenant.id, operator: settings.operator };
    const { deployment, checks } = await checkCompliance(deps, party);
    if (sections.length === 0) sections.push({ tenant: null, checks: deployment });
    sections.push({ tenant: tenant.slug, checks });
  }
  return sections;
}

const linesOf = ({ name, state, found, act }: Check): readonly string[] => [
  `  ${state.padEnd(7)}  ${name.padEnd(19)}  ${found}`,
  ...(state === "ok" ? [] : [`${" ".repeat(32)}${act}`]),
];
