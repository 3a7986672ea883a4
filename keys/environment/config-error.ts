/** A configuration that cannot be used. The message names the variable and the fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "invalid_config";
}
