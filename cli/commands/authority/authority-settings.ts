import { resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../../keys/environment/config-error.ts";
import { processEnvironment } from "../../../keys/environment/env-file.ts";
import { parseEnvironment, type Environment } from "../../../keys/environment/parse-environment.ts";
import * as rule from "../../../keys/environment/rules.ts";
import { readKmsSettings, type KmsSettings } from "../../../keys/kms/kms-settings.ts";
import { Secret } from "../../../keys/secret.ts";

/** The settings of an authority that is a process of its own. It has no database. */
export interface AuthoritySettings {
  /** Absolute path of SEALDESK_HOME, which must not be that of a server. */
  readonly home: string;
  readonly kms: () => KmsSettings;
  /** @throws ConfigError if it is not set */
  readonly secret: () => Secret<string>;
}

const schema = z.object({
  NODE_ENV: z.string().optional(),
  SEALDESK_HOME: rule.path("folder").default("./.sealdesk"),
  AUTHORITY_SECRET: rule.authoritySecret.optional(),
});

/** @throws ConfigError: one sentence that begins with the variable's name */
export function readAuthoritySettings(
  environment: Environment = processEnvironment(),
): AuthoritySettings {
  const values = parseEnvironment(schema, environment);
  const home = resolve(values.SEALDESK_HOME);
  return {
    home,
    kms: () => readKmsSettings(environment, { home, production: values.NODE_ENV === "production" }),
    secret() {
      if (values.AUTHORITY_SECRET === undefined)
        throw new ConfigError("AUTHORITY_SECRET must be set, as in the server's environment.");
      return new Secret(values.AUTHORITY_SECRET);
    },
  };
}
