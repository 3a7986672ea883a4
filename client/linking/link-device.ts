import { equalBytes } from "../../crypto/wire/bytes.ts";
import { encodeLinkCode } from "../../crypto/device/linking/link-code.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import { zeroise } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { loadAccount } from "../device/account.ts";
import { signInDevice, type SignedInDevice } from "../device/sign-in.ts";
import { codeOf, isTransient, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import type { SignedIn } from "../http/session.ts";
import { closedError, runtimeOf, type ConnectOptions } from "../options.ts";
import { sleep } from "../runtime.ts";
import { wasRefused } from "./approvals.ts";
import { forgetPending, loadPending, makePending, type PendingLink } from "./pending-link.ts";
import { receiveAccount, type LinkAnswer } from "./receive-account.ts";

/** A new device that waits for the approval of another device of its account. */
export interface DeviceLink<T> {
  /**
   * Show it as a QR code, or copy it, to a device of the same account that its user holds. Show it
   * to nobody else, because a person who reads it can approve this device or let an impostor in.
   */
  readonly code: string;
  /** The time when the code expires, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
  /**
   * Resolves when a device of the account has approved and this one is a member device. Rejects
   * with SealdeskError link_refused, link_expired, link_not_authentic, closed, and what connecting
   * throws.
   */
  readonly approved: Promise<T>;
  /** Withdraws the request. */
  cancel(): Promise<void>;
  /**
   * Stops waiting, for example when the app is closed. Linking with the same store continues with
   * this code.
   */
  stop(): Promise<void>;
}

const pollMs = 1_000;

/**
 * Signs in and asks the account's devices for approval. Continues an earlier request that is
 * still open.
 * @param connect called when this device is approved
 * @throws SealdeskError link_not_needed: the account has no device yet, or this is one
 * @throws SealdeskError other_account, forbidden, rate_limited, and what signing
 *   in throws
 */
export async function linkDevice<T>(
  options: ConnectOptions,
  connect: () => Promise<T>,
): Promise<DeviceLink<T>> {
  const runtime = runtimeOf(options);
  const requests = new AbortController();
  const waiting = new AbortController();
  const { store } = options;
  const me = await signInDevice(options, runtime, "sign_in", requests.signal);
  const { api, signedIn } = me;
  const accountKey = await store.read((transaction) => assertNewcomer(transaction, signedIn));
  const { pending, expiresAtMs } = await openRequest(store, me);

  const forget = () => store.transact(async (transaction) => forgetPending(transaction));
  const wait = async (): Promise<T> => {
    try {
      const answer = await nextAnswer(me, pending, expiresAtMs, waiting.signal);
      await receiveAccount({ store, me, pending, accountKey, answer });
    } catch (error) {
      if (isFinal(error)) await forget();
      throw error;
    } finally {
      zeroise(pending.privateKey);
    }
    // The server no longer needs the request. If this fails, the request expires in a few minutes.
    await api.withdrawLink(pending.request).catch(() => undefined);
    requests.abort();
    if (waiting.signal.aborted) throw closedError();
    return connect();
  };
  const approved = wait();
  // A caller that stops or cancels need not handle `approved`.
  const settled = approved.then(
    () => undefined,
    () => undefined,
  );
  const { request, publicKey, secret } = pending;
  return {
    code: encodeLinkCode({ request, ephemeralKey: publicKey, secret }),
    expiresAtMs,
    approved,
    async cancel() {
      waiting.abort();
      await settled;
      await api.withdrawLink(request).catch(() => undefined);
      await forget();
      requests.abort();
    },
    async stop() {
      waiting.abort();
      requests.abort();
      await settled;
    },
  };
}

/** @returns the account key of the account that this device will join */
async function assertNewcomer(
  transaction: ReadTransaction,
  { user, tenant, accountKey }: SignedIn,
): Promise<Uint8Array> {
  const known = await loadAccount(transaction);
  if (known !== undefined && (known.user !== user.id || known.tenant !== tenant.id))
    throw new SealdeskError("other_account", "The store belongs to another account.");
  if (accountKey === undefined)
    throw new SealdeskError("link_not_needed", "The account has no device yet: connect this one.");
  const held = await loadAccountKey(transaction).catch((error: unknown) => {
    if (codeOf(error, "DeviceError") === "no_identity") return undefined;
    throw error;
  });
  if (held === undefined) return accountKey;
  if (equalBytes(held, accountKey) && (await wasRefused(transaction))) return accountKey;
  if (equalBytes(held, accountKey))
    throw new SealdeskError("link_not_needed", "This device belongs to the account: connect it.");
  throw new SealdeskError("other_account", "The store belongs to another account key.");
}

interface OpenRequest {
  readonly pending: PendingLink;
  readonly expiresAtMs: number;
}

async function openRequest(
  store: DeviceStore,
  { api, device, signedIn, newId }: SignedInDevice,
): Promise<OpenRequest> {
  const user = signedIn.user.id;
  const earlier = await store.read(loadPending);
  if (earlier?.user === user) {
    const expiresAtMs = await stillOpen(api, earlier);
    if (expiresAtMs !== undefined) return { pending: earlier, expiresAtMs };
  }
  const pending = await store.transact(async (transaction) =>
    makePending(transaction, user, newId()),
  );
  const { request: id, publicKey: ephemeralKey } = pending;
  const ask = () => api.requestLink({ id, device, ephemeralKey });
  // The request is idempotent, so it is repeated when its answer was lost.
  const { expiresAtMs } = await ask().catch((error: unknown) => {
    if (codeOfError(error) !== "network") throw error;
    return ask();
  });
  return { pending, expiresAtMs };
}

async function stillOpen(
  api: Api,
  { request, publicKey }: PendingLink,
): Promise<number | undefined> {
  const view = await api.linkRequest(request).catch((error: unknown) => {
    if (codeOfError(error) === "link_not_found") return undefined;
    throw error;
  });
  if (view === undefined || !equalBytes(view.ephemeralKey, publicKey)) return undefined;
  return ["pending", "approved"].includes(view.state) ? view.expiresAtMs : undefined;
}

/**
 * Polls until there is an answer.
 * @throws SealdeskError link_refused, link_expired, closed
 */
async function nextAnswer(
  { api, clock }: SignedInDevice,
  { request }: PendingLink,
  expiresAtMs: number,
  signal: AbortSignal,
): Promise<LinkAnswer> {
  const expired = () => new SealdeskError("link_expired", "No device approved this one in time.");
  while (!signal.aborted) {
    const view = await api.linkRequest(request).catch((error: unknown) => {
      if (codeOfError(error) === "link_not_found") throw expired();
      if (!isTransient(error)) throw error;
    });
    const { state, sibling, sealed } = view ?? {};
    if (state === "refused")
      throw new SealdeskError("link_refused", "A device of the account refused this one.");
    if (state === "approved" && sibling !== undefined && sealed !== undefined)
      return { sibling, sealed };
    if (state === "expired" || clock.now() >= expiresAtMs) throw expired();
    await sleep(clock, pollMs, signal);
  }
  throw closedError();
}

/** After these the request is over. */
const isFinal = (error: unknown): boolean =>
  ["link_refused", "link_expired", "link_not_authentic"].includes(codeOfError(error) ?? "");

const codeOfError = (error: unknown): string | undefined =>
  error instanceof SealdeskError ? error.code : undefined;
