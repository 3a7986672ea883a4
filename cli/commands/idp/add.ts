import { readFile } from "node:fs/promises";
import { uuidv7 } from "uuidv7";
import { idGenerator } from "../../../crypto/wire/ids.ts";
import type { GroupTeam } from "../../../identity/providers/identity-provider.ts";
import { addProvider } from "../../../identity/providers/add-provider.ts";
import { Secret } from "../../../keys/secret.ts";
import { staffRoles, type StaffRole } from "../../../policies/actor.ts";
import { readPassword } from "../../read-password.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { inspectionBy } from "./inspection.ts";

export interface AddProviderOptions {
  readonly tenant: string;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly secretFile?: string;
  readonly redirectUri: readonly string[];
  readonly scope: string;
  readonly groupsClaim: string;
  readonly role: readonly string[];
  readonly team: readonly string[];
  readonly accounts: "jit" | "existing" | "scim-only";
  readonly subjectClaim: "sub" | "oid";
}

/**
 * Adds an identity provider to a tenant, after asking the provider itself.
 * @param given the client secret, if it is not to be read
 */
export async function addProviderCommand(
  settings: Settings,
  options: AddProviderOptions,
  given?: Secret<string>,
): Promise<string> {
  const {
    tenant: slug,
    name,
    issuer,
    clientId,
    scope,
    groupsClaim,
    accounts,
    subjectClaim,
  } = options;
  const roles = options.role.map(groupRole);
  const teams = options.team.map(groupTeam);
  const clientSecret = given ?? (await readSecret(options.secretFile));
  await withKeys(settings, slug, ({ ownerUrl, subjects, tenant }) =>
    addProvider(
      {
        ownerUrl,
        subjects,
        newId: idGenerator(uuidv7),
        ...inspectionBy(settings),
      },
      { tenant, slug, nowMs: Date.now(), by: settings.operator },
      {
        name,
        issuer,
        clientId,
        clientSecret,
        redirectUris: [...options.redirectUri],
        scope,
        groupsClaim,
        roles,
        teams,
        accounts,
        subjectClaim,
      },
    ),
  );
  return `Added the identity provider ${name}. Try it: sealdesk idp test --tenant ${slug} --name ${name}`;
}

/** Parses "GROUP=ROLE". A group may contain "=". */
function groupRole(text: string): { readonly group: string; readonly role: StaffRole } {
  const at = text.lastIndexOf("=");
  const role = staffRoles.find((each) => each === text.slice(at + 1));
  if (at <= 0 || role === undefined)
    throw new CommandError(`--role takes GROUP=ROLE, with one of ${staffRoles.join(", ")}.`);
  return { group: text.slice(0, at), role };
}

/** Parses "GROUP=TEAM". A group may contain "=". */
export function groupTeam(text: string): GroupTeam {
  const at = text.lastIndexOf("=");
  if (at <= 0) throw new CommandError("--team takes GROUP=TEAM.");
  return { group: text.slice(0, at), team: text.slice(at + 1) };
}

async function readSecret(path: string | undefined): Promise<Secret<string>> {
  if (path === undefined) return readPassword("known");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CommandError("The file of --secret-file cannot be read.", { cause });
  });
  return new Secret(text.trim());
}
