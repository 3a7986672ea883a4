import { createHmac } from "node:crypto";
import type { TestDevice } from "./device.ts";
import type { TestServer, TestStaff } from "./server.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base32, RFC 4648 section 6. */
function fromBase32(text: string): Buffer {
  const bits = Array.from(text.replaceAll("=", ""))
    .map((each) => ALPHABET.indexOf(each).toString(2).padStart(5, "0"))
    .join("");
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

/** A code as an authenticator app shows it, RFC 6238: not by the library under test. */
export function totpCode(secret: string, nowMs: number): string {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(nowMs / 30_000)));
  const mac = createHmac("sha1", fromBase32(secret)).update(step).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  const number = (mac.readUInt32BE(at) & 0x7f_ff_ff_ff) % 1_000_000;
  return number.toString().padStart(6, "0");
}

/** Stops the server's clock but for `offsetMs`, so that a code belongs to one step, however long the test takes. */
export function stopClock({ clock }: TestServer): void {
  const stoppedAtMs = clock.now();
  clock.now = () => stoppedAtMs + clock.offsetMs;
}

/** Signs in and begins to enrol an authenticator app. */
export async function beginTotp(server: TestServer, device: TestDevice, staff: TestStaff) {
  await device.signInAsStaff(staff);
  const body = { password: staff.password };
  const reply = await device.request("POST", "/v1/account/totp", { body });
  if (reply.status !== 201) throw new Error(`expected 201, got ${JSON.stringify(reply.body)}`);
  const { secret, uri } = reply.body as { readonly secret: string; readonly uri: string };
  /** @param steps how many steps of 30 seconds from now */
  const code = (steps = 0) => totpCode(secret, server.clock.now() + steps * 30_000);
  return { secret, uri, code };
}

/** Signs in and enrols an authenticator app. The code of the present step is used up. */
export async function enrolTotp(server: TestServer, device: TestDevice, staff: TestStaff) {
  const begun = await beginTotp(server, device, staff);
  const body = { code: begun.code() };
  const reply = await device.request("POST", "/v1/account/totp/confirmation", { body });
  if (reply.status !== 200) throw new Error(`expected 200, got ${JSON.stringify(reply.body)}`);
  return { ...begun, recoveryCodes: reply.body.recoveryCodes as readonly string[] };
}
