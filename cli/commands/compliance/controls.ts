import { checkCompliance } from "../../../workflows/compliance/check-compliance.ts";
import { controlsMarkdown } from "../../../workflows/compliance/controls/controls-markdown.ts";
import { controlsOscal } from "../../../workflows/compliance/controls/controls-oscal.ts";
import { mapControls } from "../../../workflows/compliance/controls/map-controls.ts";
import { namedTenant } from "../../named-tenant.ts";
import type { Settings } from "../../settings.ts";
import { withChecks } from "./with-checks.ts";

export const controlFormats = ["md", "json", "oscal"] as const;

/**
 * Prints which measure answers which requirement, with its setting, code, tests, evidence and the result of this moment.
 * @param version the version of Sealdesk
 */
export const controlsCommand = (
  settings: Settings,
  { tenant: slug, format }: { readonly tenant: string; readonly format: string },
  version: string,
): Promise<string> =>
  withChecks(settings, async (deps) => {
    const { id, name: organisation } = await namedTenant(deps.pool, slug);
    const party = { tenant: id, operator: settings.operator };
    const { deployment, checks, checkedAtMs } = await checkCompliance(deps, party);
    const mapped = mapControls([...deployment, ...checks]);
    if (format === "json") return JSON.stringify({ organisation, checkedAtMs, controls: mapped });
    const about = { organisation, checkedAtMs, version };
    return format === "oscal"
      ? JSON.stringify(controlsOscal(mapped, about), undefined, 2)
      : controlsMarkdown(mapped, about);
  });
