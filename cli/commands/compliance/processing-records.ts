import {
  readProcessingRecords,
  type ProcessingRecords,
} from "../../../workflows/compliance/processing-records.ts";
import { namedTenant } from "../../named-tenant.ts";
import type { Settings } from "../../settings.ts";
import { withChecks } from "./with-checks.ts";

/** Prints the records of processing as Markdown, or as JSON. */
export const processingRecordsCommand = (
  settings: Settings,
  { tenant: slug, json }: { readonly tenant: string; readonly json?: true },
): Promise<string> =>
  withChecks(settings, async (deps) => {
    const { id } = await namedTenant(deps.pool, slug);
    const party = { tenant: id, operator: settings.operator };
    const records = await readProcessingRecords(deps, party);
    return json === true ? JSON.stringify(records, undefined, 2) : markdownOf(records);
  });

const list = (items: readonly string[], none: string): string =>
  items.length === 0 ? none : items.map((each) => `- ${each}`).join("\n");

const labels = ({ dataClass, team, region }: ProcessingRecords["retention"][number]): string =>
  [dataClass ?? "every class", team ?? "every team", region ?? "every region"].join(", ");

const markdownOf = (
  records: ProcessingRecords,
): string => `# Records of processing of ${records.organisation}

Generated from the live configuration at ${new Date(records.generatedAtMs).toISOString()} (GDPR Article 30(1)).

## (a) Controller

${records.controller ?? "No notice is in force, so no controller is named: sealdesk notice draft."}

## (b) Purposes

${list(
  records.purposes.map(
    ({ purpose, isConsentRequired }) =>
      `${purpose.replace("_", " ")}${isConsentRequired ? ", with consent" : ""}`,
  ),
  "none",
)}

## (c) People and data

${list(
  records.people.map(({ role, accounts }) => `${accounts} accounts of the role ${role}`),
  "No account.",
)}
${list(records.data, "")}

## (d) Recipients

${list(records.recipients, "Nobody.")}

## (e) Other countries

${list(records.residences, "No country is named in the rules for requests: sealdesk request rules set.")}

## (f) Time limits

${list(
  records.retention.map((rule) => `${rule.days} days: ${labels(rule)}`),
  "No schedule is in force, so records are kept without end.",
)}
${list(
  records.locks.map((lock) => `at least ${lock.days} days: ${labels(lock)} (${lock.citation})`),
  "No lock is set.",
)}

## (g) Security

${list(records.security, "")}`;
