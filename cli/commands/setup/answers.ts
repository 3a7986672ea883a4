import { readFile } from "node:fs/promises";
import { closest } from "fastest-levenshtein";
import { z } from "zod";
import { knownVariables } from "../../../keys/environment/known-variables.ts";
import { CommandError } from "../../settings.ts";

/** What setup needs to know. The admin's password is read from the terminal or from standard input. */
export interface Answers {
  /** Variables of the configuration, as the README lists them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly tenant: { readonly slug: string; readonly name: string };
  readonly admin: { readonly username: string };
  /** The OpenID provider with which staff sign in, if there is one. */
  readonly identityProvider?: ProviderAnswers | undefined;
}

export interface ProviderAnswers {
  readonly issuer: string;
  readonly clientId: string;
  /** Path of a file with the client secret. */
  readonly secretFile: string;
  readonly redirectUris: readonly string[];
  /** Each "GROUP=ROLE". */
  readonly roles: readonly string[];
}

const schema = z.strictObject({
  environment: z.record(z.string(), z.string()),
  tenant: z.strictObject({
    slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
    name: z.string().min(1).max(200),
  }),
  admin: z.strictObject({ username: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/) }),
  identityProvider: z
    .strictObject({
      issuer: z.string().min(1),
      clientId: z.string().min(1),
      secretFile: z.string().min(1),
      redirectUris: z.array(z.string()).min(1),
      roles: z.array(z.string()),
    })
    .optional(),
});

/**
 * Reads the answers from a JSON file.
 * @throws CommandError: one sentence that names the place in the file
 */
export async function readAnswers(path: string): Promise<Answers> {
  const parsed = schema.safeParse(await readJson(path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.length === 0 ? "its top level" : issue?.path.join(".");
    throw new CommandError(`${path} is not valid at ${place}: ${issue?.message}.`);
  }
  for (const name of Object.keys(parsed.data.environment)) assertKnown(name);
  return parsed.data;
}

/** @throws CommandError if nothing would read the variable */
function assertKnown(name: string): void {
  if (knownVariables.includes(name)) return;
  const nearest = closest(name, [...knownVariables]);
  throw new CommandError(`${name} is not a variable that Sealdesk knows. Did you mean ${nearest}?`);
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CommandError(`${path} cannot be read (${code}).`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`${path} is not JSON.`, { cause });
  }
}
