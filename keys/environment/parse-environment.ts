import type { z } from "zod";
import { ConfigError } from "./config-error.ts";

/** Names and values, as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses the variables that `schema` names. An empty variable counts as not set. The message of an
 * issue completes the sentence that the name begins.
 * @throws ConfigError: one sentence that begins with the variable's name and does not quote its value
 */
export function parseEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Environment,
): z.output<S> {
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(`${String(issue?.path[0])} ${issue?.message}`);
}
