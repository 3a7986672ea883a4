import { z } from "zod";
import { headerText, path, text } from "../environment/rules.ts";
import { KeysError } from "../keys-error.ts";
import { Secret } from "../secret.ts";
import type { Pkcs11Options } from "./pkcs11/pkcs11-kms.ts";
import type { VaultOptions } from "./vault/vault-options.ts";

/** Which key-management service to use, and its settings. */
export type KmsSettings =
  | {
      readonly kind: "local";
      readonly home: string;
      readonly passphrase: Secret<string> | undefined;
      /** Path of a file of at least 32 random bytes. */
      readonly keyFile: string | undefined;
      readonly mustBeSealed: boolean;
    }
  | ({ readonly kind: "vault" } & WithFormerKeyring & VaultOptions)
  | ({ readonly kind: "pkcs11" } & WithFormerKeyring & Pkcs11Options);

/** An earlier keyring whose keys are imported once. */
interface WithFormerKeyring {
  readonly home: string;
  readonly passphrase: Secret<string> | undefined;
  readonly keyFile: string | undefined;
}

const isAddress = (url: string): boolean => {
  if (!URL.canParse(url)) return false;
  const { protocol, pathname, search, username } = new URL(url);
  return /^https?:$/.test(protocol) && pathname === "/" && search === "" && username === "";
};

/**
 * The rule of each variable. The message of an issue completes the sentence that the name begins.
 */
const environmentSchema = z.object({
  SEALDESK_KMS: z
    .enum(["local", "vault", "pkcs11"], "must be local, vault or pkcs11.")
    .default("local"),
  SEALDESK_KEYRING_PASSPHRASE: text(
    "must have at least 12 characters.",
    (passphrase) => passphrase.length >= 12,
  ).optional(),
  SEALDESK_KEYRING_KEY_FILE: path("file").optional(),
  VAULT_ADDR: text("must be an http or https URL without a path.", isAddress).optional(),
  VAULT_ROLE_ID: headerText.optional(),
  VAULT_SECRET_ID: headerText.optional(),
  VAULT_TOKEN: headerText.optional(),
  VAULT_NAMESPACE: text("must be a namespace's path.", (name) =>
    /^[\w./-]+$/.test(name),
  ).optional(),
  VAULT_CACERT: path("file").optional(),
  VAULT_TRANSIT_MOUNT: text("must be the path of a Transit engine.", (name) =>
    /^[\w-]+(\/[\w-]+)*$/.test(name),
  ).default("transit"),
  SEALDESK_PKCS11_LIBRARY: path("file").optional(),
  SEALDESK_PKCS11_TOKEN: text(
    "must be the label of a token, of at most 32 characters.",
    (label) => label.length <= 32 && !/\p{Cc}/u.test(label),
  ).optional(),
  SEALDESK_PKCS11_PIN: text(
    "must be a PIN without line breaks.",
    (pin) => !/\p{Cc}/u.test(pin),
  ).optional(),
});
type Values = z.output<typeof environmentSchema>;

/**
 * Returns the key-management service that `environment` describes. An empty variable counts as not
 * set.
 * @throws KeysError kms_misconfigured: one sentence that names the variable
 */
export function readKmsSettings(
  environment: Readonly<Record<string, string | undefined>>,
  { home, production }: { readonly home: string; readonly production: boolean },
): KmsSettings {
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const parsed = environmentSchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw misconfigured(`${String(issue?.path[0])} ${issue?.message}`);
  }
  const values = parsed.data;
  const keyring = {
    home,
    passphrase: secret(values.SEALDESK_KEYRING_PASSPHRASE),
    keyFile: values.SEALDESK_KEYRING_KEY_FILE,
  };
  switch (values.SEALDESK_KMS) {
    case "local":
      if (production && keyring.passphrase === undefined && keyring.keyFile === undefined)
        throw misconfigured(
          "SEALDESK_KEYRING_PASSPHRASE must be set in production, or else SEALDESK_KEYRING_KEY_FILE, because the keyring must be sealed.",
        );
      return { kind: "local", ...keyring, mustBeSealed: production };
    case "vault":
      return { kind: "vault", ...keyring, ...vaultOptions(values, production) };
    case "pkcs11":
      return {
        kind: "pkcs11",
        ...keyring,
        library: needed(values, "SEALDESK_PKCS11_LIBRARY", "pkcs11"),
        token: needed(values, "SEALDESK_PKCS11_TOKEN", "pkcs11"),
        pin: new Secret(needed(values, "SEALDESK_PKCS11_PIN", "pkcs11")),
      };
  }
}

function vaultOptions(values: Values, production: boolean): VaultOptions {
  const address = needed(values, "VAULT_ADDR", "vault").replace(/\/$/, "");
  if (production && address.startsWith("http:"))
    throw misconfigured("VAULT_ADDR must be an https URL in production.");
  const token = secret(values.VAULT_TOKEN);
  return {
    address,
    login:
      token !== undefined && values.VAULT_ROLE_ID === undefined
        ? { token }
        : {
            roleId: needed(values, "VAULT_ROLE_ID", "vault"),
            secretId: new Secret(needed(values, "VAULT_SECRET_ID", "vault")),
          },
    mount: values.VAULT_TRANSIT_MOUNT,
    namespace: values.VAULT_NAMESPACE,
    caFile: values.VAULT_CACERT,
  };
}

function needed(values: Values, name: keyof Values, kind: string): string {
  const value = values[name];
  if (value === undefined) throw misconfigured(`${name} must be set when SEALDESK_KMS is ${kind}.`);
  return value;
}

const secret = (value: string | undefined): Secret<string> | undefined =>
  value === undefined ? undefined : new Secret(value);

const misconfigured = (message: string): KeysError => new KeysError("kms_misconfigured", message);
