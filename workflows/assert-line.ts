import { WorkflowError, type WorkflowErrorCode } from "./workflow-error.ts";

/** What certificates, pages and terminals show on one line. */
const LINE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;

/**
 * Requires one line of 1 to 200 visible characters.
 * @throws WorkflowError with that code
 */
export function assertLine(code: WorkflowErrorCode, name: string, text: string): void {
  if (!LINE.test(text))
    throw new WorkflowError(
      code,
      `The ${name} is one line of at most 200 characters, without characters that are not visible.`,
    );
}
