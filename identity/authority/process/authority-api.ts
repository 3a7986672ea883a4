/** The requests that a server makes to an authority that is a process of its own, and the answers. */
import { z } from "zod";
import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import { isId, type TenantId, type UserId } from "../../../crypto/wire/ids.ts";

/** Bytes as base64url text without padding. */
const bytes = (least: number, most = least) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .refine((text) => text.length % 4 !== 1)
    .transform(fromBase64Url)
    .refine(({ length }) => length >= least && length <= most);

const tenant = z.custom<TenantId>(isId);

/** POST /v1/keys: the authority's key for a tenant. */
export const keyRequest = z.strictObject({ tenant });
export const keyAnswer = z.object({ publicKey: bytes(32) });

/** POST /v1/certificates: a certificate for an account, or 403 if the staff list does not have it. */
export const certificateRequest = z.strictObject({
  tenant,
  user: z.custom<UserId>(isId),
  accountKey: bytes(32),
  role: z.string(),
});
export const certificateAnswer = z.object({ text: bytes(1, 8_192), signature: bytes(64) });

/** POST /v1/handovers: the signature of the authority's key that it follows `from`, or 403 if its operator did not agree. */
export const handoverRequest = z.strictObject({
  tenant,
  from: bytes(32),
  version: z.int().min(2),
  atMs: z.int().min(0),
});
export const handoverAnswer = z.object({ signature: bytes(64) });

export const KEYS_PATH = "/v1/keys";
export const HANDOVERS_PATH = "/v1/handovers";
export const CERTIFICATES_PATH = "/v1/certificates";
