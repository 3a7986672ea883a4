import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { IdentityError } from "../../identity/identity-error.ts";
import { backchannelLogoutUri } from "../../identity/providers/administered-provider.ts";
import { Secret } from "../../keys/secret.ts";
import { CommandError, type Settings } from "../settings.ts";
import { addProviderCommand } from "./idp/add.ts";

const TENANT = "demo";
const NAME = "local";
/** It guards nothing: the provider is on this machine, and asks nobody for a password. */
const SECRET = "sealdesk-development-idp";
const READY_EVERY_MS = 250;

/**
 * Starts an OpenID provider on this machine, for development.
 * @throws CommandError in production, and in an installation without it
 */
export function startLocalIdp(settings: Settings, port: string): ChildProcess {
  const program = fileURLToPath(new URL("../../tools/idp/main.js", import.meta.url));
  if (settings.production || settings.owner !== undefined)
    throw new CommandError("--with-idp is for development with the embedded database only.");
  if (!existsSync(program))
    throw new CommandError(
      "--with-idp needs the repository and its development packages: run npm ci and npm start there.",
    );
  const logoutUri = backchannelLogoutUri({ ...settings, slug: TENANT }, NAME);
  return spawn(process.execPath, ["--no-warnings", program, port, SECRET, logoutUri], {
    // oidc-provider warns about what matters in production.
    stdio: ["ignore", "ignore", "ignore"],
  });
}

/**
 * Waits until the server is ready, and registers the local provider with the demo tenant, once.
 * @param ending aborts the wait
 */
export async function registerLocalIdp(
  settings: Settings,
  port: string,
  ending: AbortSignal,
): Promise<string> {
  while (!(await isReady(settings.publicUrl, ending)))
    await wait(READY_EVERY_MS, undefined, { signal: ending });
  const issuer = `http://127.0.0.1:${port}`;
  const options = {
    tenant: TENANT,
    name: NAME,
    issuer,
    clientId: "sealdesk",
    redirectUri: ["http://127.0.0.1/callback"],
    scope: "openid profile groups",
    groupsClaim: "groups",
    team: [],
    role: ["admins=admin", "supervisors=supervisor", "agents=agent"],
    accounts: "jit",
    subjectClaim: "sub",
  } as const;
  await addProviderCommand(settings, options, new Secret(SECRET)).catch((error: unknown) => {
    // It was registered at an earlier start.
    const isKnown = error instanceof IdentityError && error.code === "invalid_identity_provider";
    if (!isKnown || !error.message.includes("of that name")) throw error;
  });
  return `Staff of the tenant "${TENANT}" sign in at ${issuer}. Try it: npm run sign-in`;
}

const isReady = (publicUrl: string, signal: AbortSignal): Promise<boolean> =>
  fetch(`${publicUrl}/readyz`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
