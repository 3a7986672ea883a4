import type { Command } from "commander";
import type { OperatorActor } from "../audit/operator.ts";
import type { Print } from "./output.ts";
import type { Settings } from "./settings.ts";

/** What the program gives its commands. */
export interface Given {
  readonly print: Print;
  readonly settings: () => Settings;
  readonly operator: () => OperatorActor;
}

/** Commands that are loaded together. */
interface Group {
  /** The first words of its commands. */
  readonly words: readonly string[];
  /** Loads the commands and adds them to the program. */
  readonly register: (program: Command, given: Given) => Promise<void>;
}

type Register = (program: Command, print: Print, settings: () => Settings) => void;

const group = (words: readonly string[], load: () => Promise<Register>): Group => ({
  words,
  register: async (program, { print, settings }) => (await load())(program, print, settings),
});

const setup: Group = {
  words: ["setup"],
  async register(program, { print, operator }) {
    const { registerSetup } = await import("./commands/setup/register-setup.ts");
    registerSetup(program, print, operator);
  },
};

/** In the order of the help. */
export const groups: readonly Group[] = [
  group(["start"], async () => (await import("./commands/start.ts")).registerStart),
  group(["migrate"], async () => (await import("./commands/migrate.ts")).registerMigrate),
  setup,
  group(["tenant"], async () => (await import("./commands/register-tenant.ts")).registerTenant),
  group(["api-key"], async () => (await import("./commands/api-keys.ts")).registerApiKeys),
  group(
    ["operator-key"],
    async () => (await import("./commands/operator-keys.ts")).registerOperatorKeys,
  ),
  group(["idp"], async () => (await import("./commands/idp/register.ts")).registerIdp),
  group(
    ["policy"],
    async () => (await import("./commands/policy/register-policy.ts")).registerPolicy,
  ),
  group(
    ["approval", "break-glass"],
    async () => (await import("./commands/approvals/register-approvals.ts")).registerApprovals,
  ),
  group(
    ["doctor", "controls", "processing-records"],
    async () => (await import("./commands/compliance/register-compliance.ts")).registerCompliance,
  ),
  group(
    ["breach"],
    async () => (await import("./commands/breaches/register-breaches.ts")).registerBreaches,
  ),
  group(["hold"], async () => (await import("./commands/holds/register-holds.ts")).registerHolds),
  group(
    ["restriction"],
    async () =>
      (await import("./commands/restrictions/register-restrictions.ts")).registerRestrictions,
  ),
  group(
    ["report"],
    async () => (await import("./commands/reports/register-reports.ts")).registerReports,
  ),
  group(
    ["retention"],
    async () => (await import("./commands/retention/register-retention.ts")).registerRetention,
  ),
  group(
    ["notice", "consent"],
    async () => (await import("./commands/consents/register-consents.ts")).registerConsents,
  ),
  group(
    ["alerts"],
    async () => (await import("./commands/alerts/register-alerts.ts")).registerAlerts,
  ),
  group(
    ["request", "case"],
    async () => (await import("./commands/requests/register-requests.ts")).registerRequests,
  ),
  group(["team"], async () => (await import("./commands/teams/register.ts")).registerTeams),
  group(["user"], async () => (await import("./commands/user.ts")).registerUser),
  group(["keys"], async () => (await import("./commands/keys.ts")).registerKeys),
  group(
    ["customer-token"],
    async () => (await import("./commands/customer-token.ts")).registerCustomerToken,
  ),
  group(
    ["audit", "witness"],
    async () => (await import("./commands/audit/register.ts")).registerAudit,
  ),
  group(
    ["authority"],
    async () => (await import("./commands/authority/register.ts")).registerAuthority,
  ),
  group(
    ["verify"],
    async () => (await import("./commands/certificate/register-verify.ts")).registerVerify,
  ),
  group(["eval"], async () => (await import("./commands/eval/register-eval.ts")).registerEval),
  group(
    ["ledger"],
    async () => (await import("./commands/ledger/register-ledger.ts")).registerLedger,
  ),
  group(
    ["archiver", "bot"],
    async () =>
      (await import("./commands/device-programs/register-device-programs.ts"))
        .registerDevicePrograms,
  ),
  group(
    ["export"],
    async () => (await import("./commands/export/register-export.ts")).registerExport,
  ),
  group(
    ["erase"],
    async () => (await import("./commands/erasure/register-erasure.ts")).registerErasure,
  ),
];

/**
 * Adds commands to the program. Loading all of them takes longer than most commands run. So only the
 * groups that the arguments name are loaded, and all if they name none, as when you ask for help.
 * @param args the arguments of the program
 */
export async function registerCommands(
  program: Command,
  given: Given,
  args: readonly string[],
): Promise<void> {
  const named = groups.filter(({ words }) => words.some((word) => args.includes(word)));
  for (const { register } of named.length === 0 ? groups : named) await register(program, given);
}
