import {
  createApproverKey,
  parseApproverKey,
  type ApproverKey,
} from "../../audit/restore/approver-key.ts";
import type { DeclaredLog } from "../../audit/restore/declaration.ts";

export const approver = (name: string): ApproverKey => parseApproverKey(createApproverKey(name));

/** The people who may approve restores in tests. */
export const people: readonly ApproverKey[] = ["alice", "bob"].map(approver);
export const approvers = people.map(({ key }) => key);

/** The statements with the signatures of people. */
export const approvedBy = (
  logs: readonly DeclaredLog[],
  signers: readonly ApproverKey[],
): readonly DeclaredLog[] =>
  logs.map(({ restore, note }) => ({
    restore,
    note: { ...note, signatures: signers.map((each) => each.sign(note.text)) },
  }));
