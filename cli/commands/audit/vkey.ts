import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withLog, type LogChoice } from "./open-log.ts";

export interface VkeyOptions extends LogChoice {
  /** Print the key that will replace the audit key. */
  readonly next?: true;
}

/** Returns the key that others verify a log with. */
export const vkeyCommand = (settings: Settings, options: VkeyOptions): Promise<string> =>
  withLog(settings, options, async ({ key, signer }) => {
    if (options.next !== true) return formatVkey(nodeChecks.sha256, key);
    if (signer.next === undefined)
      throw new CommandError("No key is about to replace the audit key.");
    return formatVkey(nodeChecks.sha256, { ...key, publicKey: signer.next.publicKey });
  });
