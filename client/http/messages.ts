import * as z from "zod/mini";
import { SealdeskError } from "../errors.ts";

/** The form of an answer. */
export type Schema<T> = z.core.$ZodType<T>;

/** An answer that is not read. */
export const nothing: Schema<undefined> = z.transform(() => undefined);

/** @throws SealdeskError invalid_response, which names the place but never the value */
export function readAnswer<T>(schema: Schema<T>, answer: unknown): T {
  const read = z.safeParse(schema, answer);
  if (read.success) return read.data;
  const place = placeOf("answer", read.error);
  throw new SealdeskError("invalid_response", `The server's answer is not valid at ${place}.`);
}

/**
 * Writes a request's body as JSON: bytes become base64url.
 * @throws SealdeskError invalid_argument, which names the place but never the value
 */
export function writeBody<S extends z.core.$ZodType>(
  schema: S,
  body: z.core.output<S>,
): z.core.input<S> {
  const written = z.safeEncode(schema, body);
  if (written.success) return written.data;
  const place = placeOf("request", written.error);
  throw new SealdeskError("invalid_argument", `The request is not valid at ${place}.`);
}

function placeOf(root: string, { issues: [issue] }: z.core.$ZodError): string {
  const steps = (issue?.path ?? []).map((step) =>
    typeof step === "number" ? `[${step}]` : `.${String(step)}`,
  );
  return root + steps.join("");
}
