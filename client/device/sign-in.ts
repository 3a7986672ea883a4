import type { DeviceId, NewId } from "../../crypto/wire/ids.ts";
import type { SigningKeyPair } from "../../crypto/device/sodium.ts";
import { createApi, type Api } from "../http/api.ts";
import { proofMaker, thumbprintOf, type ProofMaker } from "../http/device-proof.ts";
import { Session, type SignedIn } from "../http/session.ts";
import { createExchange, type ExchangeDeps, type Request } from "../http/transport.ts";
import { LocalClock } from "../local-clock.ts";
import type { ConnectOptions } from "../options.ts";
import { idMaker, ServerClock, type Runtime } from "../runtime.ts";
import { ownDevice } from "./account.ts";
import { sessionKeeper } from "./kept-session.ts";

/** A device with a session. It may not be registered yet. */
export interface SignedInDevice {
  readonly device: DeviceId;
  readonly deviceKey: SigningKeyPair;
  readonly signedIn: SignedIn;
  readonly session: Session;
  readonly api: Api;
  /** Sends a request with the session's access token. */
  readonly request: Request;
  readonly clock: ServerClock;
  /** The time that this device measures by itself. Security timers run by it. */
  readonly localClock: LocalClock;
  readonly newId: NewId;
  readonly prove: ProofMaker;
  readonly transport: ExchangeDeps;
}

/**
 * Continues the store's session, or signs in with the store's device key. The first run makes the
 * key.
 * @param start "resume" continues a session; "sign_in" always opens one
 * @param signal aborts every request of the session
 * @throws SealdeskError sign_in_failed, rate_limited, network, device_revoked
 */
export async function signInDevice(
  { store, url: baseUrl, credentials, suite, purposeOfUse }: ConnectOptions,
  runtime: Runtime,
  start: "resume" | "sign_in",
  signal: AbortSignal,
): Promise<SignedInDevice> {
  const clock = new ServerClock(runtime.clock);
  const localClock = new LocalClock(runtime.clock);
  const newId = idMaker(clock);
  const { device, deviceKey } = await ownDevice(store, newId);
  const prove = proofMaker(deviceKey, clock);
  const transport = { ...runtime, clock, baseUrl, prove, signal, purposeOfUse };
  const session = new Session(
    createExchange(transport),
    credentials,
    clock,
    thumbprintOf(deviceKey),
    sessionKeeper(store, { url: baseUrl, credentials }, suite !== undefined),
  );
  const signedIn = await (start === "resume" ? session.resume() : session.signIn());
  const request: Request = (each) => session.request(each);
  const api = createApi(request, signedIn.tenant.id);
  const keys = { device, deviceKey, newId, prove };
  return { ...keys, signedIn, session, api, request, clock, localClock, transport };
}
