/** The configuration cannot be used. The message names the variable and says what is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "invalid_config";
}
