import { nodeChecks } from "../node-checks.ts";
import { parseApprovers } from "../verify/approvers.ts";
import type { NoteKey } from "../verify/note.ts";

/**
 * Reads the verifier keys of the approvers, separated by commas or spaces.
 * @throws LogError malformed
 */
export const parseApproverList = (text: string): NoteKey[] =>
  parseApprovers(
    nodeChecks.sha256,
    text.split(/[\s,]+/).filter((part) => part !== ""),
  );
