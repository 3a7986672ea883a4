import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { readVariables } from "../../../keys/environment/variables.ts";
import { writeFileOnce } from "../../../keys/private-file.ts";
import { CommandError } from "../../settings.ts";
import { checkHome, checkKeys, checkOwner, checkPublicUrl, type Check } from "./checks.ts";
import { checkServerLogin } from "./server-login.ts";
import type { Terminal } from "./terminal.ts";

type Variables = Readonly<Record<string, string>>;

/** A part of the configuration: what is asked for it, and how the answer is tried. */
export interface Question {
  readonly about: string;
  /** @throws ConfigError, CommandError if the answer has not the right form */
  readonly ask: (terminal: Terminal) => Promise<Variables>;
  readonly check: Check;
}

export const questions: readonly Question[] = [
  {
    about: "PUBLIC_URL",
    ask: (terminal) => one(terminal, "PUBLIC_URL", "URL at which clients reach the server"),
    check: checkPublicUrl,
  },
  {
    about: "SEALDESK_HOME",
    ask: (terminal) =>
      one(terminal, "SEALDESK_HOME", "Folder for keys and attachments", resolve(".sealdesk")),
    check: checkHome,
  },
  {
    about: "DATABASE_OWNER_URL",
    ask: (terminal) =>
      one(
        terminal,
        "DATABASE_OWNER_URL",
        "PostgreSQL login that may create roles and schemas (postgresql://user:password@host/database)",
      ),
    check: checkOwner,
  },
  { about: "DATABASE_URL", ask: askServerLogin, check: checkServerLogin },
  { about: "SEALDESK_KMS", ask: askKeys, check: checkKeys },
];

async function askServerLogin(terminal: Terminal): Promise<Variables> {
  const url = await terminal.ask(
    "URL of the server's own PostgreSQL login; leave it empty, and one is created",
    "",
  );
  if (url === "") return {};
  assertValid({ DATABASE_URL: url });
  return { DATABASE_URL: url };
}

async function one(
  terminal: Terminal,
  name: string,
  text: string,
  standard?: string,
): Promise<Variables> {
  const value = await terminal.ask(text, standard);
  assertValid({ [name]: value });
  return { [name]: value };
}

/** Each variable's own rule. What needs others is checked when all are known. */
const assertValid = (variables: Variables): void =>
  void readVariables({ ...variables, NODE_ENV: "test" });

const PROMPTS: Readonly<Record<string, readonly (readonly [name: string, text: string])[]>> = {
  vault: [
    ["VAULT_ADDR", "URL of Vault"],
    ["VAULT_ROLE_ID", "Role id of an AppRole"],
    ["VAULT_SECRET_ID", "Secret id of that AppRole"],
  ],
  pkcs11: [
    ["SEALDESK_PKCS11_LIBRARY", "Path of the HSM's PKCS #11 library"],
    ["SEALDESK_PKCS11_TOKEN", "Label of the token"],
    ["SEALDESK_PKCS11_PIN", "PIN"],
  ],
};

async function askKeys(terminal: Terminal): Promise<Variables> {
  const kind = await terminal.ask("Key service: local, vault or pkcs11", "local");
  if (kind === "local") return askKeyFile(terminal);
  const prompts = PROMPTS[kind];
  if (prompts === undefined) throw new CommandError("Type local, vault or pkcs11.");
  const given: Record<string, string> = { SEALDESK_KMS: kind };
  for (const [name, text] of prompts)
    given[name] = /SECRET|PIN/.test(name)
      ? await terminal.askSecretly(text)
      : await terminal.ask(text);
  return given;
}

/** Asks for the file that seals the keyring, and makes it if there is none. */
async function askKeyFile(terminal: Terminal): Promise<Variables> {
  const path = resolve(
    await terminal.ask(
      "File whose bytes seal the keyring; it is made if there is none. Keep a copy elsewhere",
      resolve("sealdesk-keyring.key"),
    ),
  );
  if (await writeFileOnce(path, `${randomBytes(48).toString("base64")}\n`))
    terminal.say(`Made ${path}.`);
  return { SEALDESK_KMS: "local", SEALDESK_KEYRING_KEY_FILE: path };
}
