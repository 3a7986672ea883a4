import { findTenant } from "../../../identity/accounts/tenant.ts";
import { hasAdmin } from "../../../identity/accounts/has-admin.ts";
import { listProviders } from "../../../identity/providers/identity-provider.ts";
import { providerDefaults } from "../../../identity/providers/new-provider.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { OperatorActor } from "../../../audit/operator.ts";
import { readVariables } from "../../../keys/environment/variables.ts";
import type { Print } from "../../output.ts";
import { readSettings, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";
import { addProviderCommand } from "../idp/add.ts";
import { createTenantCommand } from "../create-tenant.ts";
import { migrateDatabase } from "../migrate.ts";
import { createUserCommand } from "../user.ts";
import type { Answers } from "./answers.ts";
import { addToEnvironmentFile, withEnvironmentFile } from "./environment-file.ts";
import { questions } from "./questions.ts";
import { remainingSteps } from "./remaining.ts";
import { ensureServerLogin, newServerUrl } from "./server-login.ts";

/**
 * Sets up a production server: tries each answer, writes `.env`, makes the schema, the server's login, the
 * tenant and its first admin, and says what is left. You may repeat it: what is done already stays.
 * @throws CommandError, ConfigError, DatabaseError, KeysError: one sentence that names the variable. Until
 *   every answer was tried, nothing is written
 */
export async function runSetup(answers: Answers, by: OperatorActor, print: Print): Promise<void> {
  const environment = withEnvironmentFile({ ...answers.environment, NODE_ENV: "production" });
  readVariables({ ...environment, NODE_ENV: "test" });
  for (const { about, check } of questions) await print(`${about}: ${await check(environment)}.`);
  const { DATABASE_OWNER_URL: ownerUrl = "" } = environment;
  const serverUrl = environment["DATABASE_URL"] ?? newServerUrl(ownerUrl);
  const complete = { ...environment, DATABASE_URL: serverUrl };
  const settings = readSettings(complete, by, { name: "setup" });
  await addToEnvironmentFile(complete);
  await print("Wrote .env. It holds secrets; only you can read it.");
  await print(await migrateDatabase(settings));
  await ensureServerLogin(ownerUrl, serverUrl);
  await print("DATABASE_URL: the server's login can connect.");
  await ensureTenant(settings, answers, print);
  await print("\nWhat is left to do:");
  for (const step of remainingSteps(complete, answers)) await print(`- ${step}`);
}

async function ensureTenant(settings: Settings, answers: Answers, print: Print): Promise<void> {
  const { tenant, admin } = answers;
  const known = await stateOf(settings, tenant.slug);
  await print(
    known === undefined
      ? await createTenantCommand(settings, tenant)
      : `The tenant ${tenant.slug} is there already.`,
  );
  await print(
    known?.hasAdmin === true
      ? "It has an admin already."
      : await createUserCommand(settings, { ...admin, tenant: tenant.slug, role: "admin" }),
  );
  const { identityProvider: provider } = answers;
  if (provider === undefined) return;
  await print(
    known?.hasProvider === true
      ? "It has an identity provider already."
      : await addProviderCommand(settings, {
          ...provider,
          tenant: tenant.slug,
          name: "staff",
          redirectUri: provider.redirectUris,
          role: provider.roles,
          team: [],
          ...providerDefaults,
        }),
  );
}

const stateOf = (settings: Settings, slug: string) =>
  withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) return undefined;
    const providers = await inTransaction(pool, tenant.id, listProviders);
    return { hasAdmin: await hasAdmin(pool, tenant.id), hasProvider: providers.length > 0 };
  });
