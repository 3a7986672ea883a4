import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { JSONWebKeySet } from "jose";
import { parseCustomerKeys } from "../identity/accounts/customer-keys.ts";
import { CommandError } from "./settings.ts";

/**
 * Reads the public keys in a file: a JWK Set, one JWK, or one PEM key as written by `openssl pkey
 * -pubout`.
 * @param kid the name of the key, which a PEM file does not have
 * @throws CommandError; IdentityError invalid_customer_keys
 */
export async function readCustomerKeys(path: string, kid?: string): Promise<JSONWebKeySet> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CommandError(`The file ${path} cannot be read.`, { cause });
  });
  return parseCustomerKeys(text.includes("-----BEGIN") ? fromPem(text, kid) : fromJson(text, kid));
}

function fromPem(text: string, kid: string | undefined): unknown {
  if (!text.includes("-----BEGIN PUBLIC KEY-----"))
    throw new CommandError(
      "The PEM file must hold a public key, as openssl pkey -pubout writes it. Keep private keys in your backend.",
    );
  if (kid === undefined)
    throw new CommandError(
      "Name the key with --kid: tokens say by that name which key signed them.",
    );
  try {
    return { keys: [{ ...createPublicKey(text).export({ format: "jwk" }), kid }] };
  } catch (cause) {
    throw new CommandError("The PEM file does not hold a whole public key.", { cause });
  }
}

function fromJson(text: string, kid: string | undefined): unknown {
  if (kid !== undefined)
    throw new CommandError('--kid is for a PEM file; a JWK has its own "kid".');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CommandError("The file is neither JSON nor PEM.", { cause });
  }
  return typeof json === "object" && json !== null && "kty" in json ? { keys: [json] } : json;
}
