import { readFile } from "node:fs/promises";
import { uuidv7 } from "uuidv7";
import { idGenerator } from "../../../crypto/wire/ids.ts";
import { createProviderFetch } from "../../../identity/providers/provider-fetch.ts";
import { addProvider } from "../../../identity/providers/add-provider.ts";
import { Secret } from "../../../keys/secret.ts";
import { staffRoles, type StaffRole } from "../../../policies/actor.ts";
import { readPassword } from "../../read-password.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";

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
  readonly accounts: "jit" | "existing" | "scim-only";
  readonly subjectClaim: "sub" | "oid";
}

/** What holds unless the operator says otherwise. */
export const providerDefaults = {
  scope: "openid profile",
  groupsClaim: "groups",
  accounts: "jit",
  subjectClaim: "sub",
} as const;

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
  const clientSecret = given ?? (await readSecret(options.secretFile));
  const allowsHttp = !settings.production;
  await withKeys(settings, slug, ({ ownerUrl, subjects, tenant }) =>
    addProvider(
      {
        ownerUrl,
        subjects,
        newId: idGenerator(uuidv7),
        fetch: createProviderFetch(allowsHttp),
        allowsHttp,
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

async function readSecret(path: string | undefined): Promise<Secret<string>> {
  if (path === undefined) return readPassword("known");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CommandError("The file of --secret-file cannot be read.", { cause });
  });
  return new Secret(text.trim());
}
