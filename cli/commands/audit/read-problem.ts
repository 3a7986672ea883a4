import { problemDocument } from "../../../contract/problem-document.ts";

/** Returns what the answer says about the problem. Undefined if it is no problem document. */
export async function readProblem(
  answer: Response,
): Promise<{ readonly code: string; readonly detail: string } | undefined> {
  return problemDocument.safeParse(await answer.json().catch(() => undefined)).data;
}
