import { CommandError } from "../settings.ts";

/** Parses the name of a data class, a team or a region. @throws CommandError */
export function labelOf(text: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(text))
    throw new CommandError(
      `A label has lower-case letters, digits and hyphens: ${JSON.stringify(text)}.`,
    );
  return text;
}
