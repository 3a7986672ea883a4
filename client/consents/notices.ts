import { encodeView, noticeBytes, viewBytes } from "../../crypto/wire/notice.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { loadIdentityKey } from "../../crypto/device/identity.ts";
import { sha256, sign } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { integer, listOf, object, optional, text } from "../arguments.ts";
import type { Account } from "../device/account.ts";
import { SealdeskError } from "../errors.ts";
import type { ConsentApi } from "../http/consent-api.ts";
import type { Clock } from "../runtime.ts";

/** A privacy notice in one language. */
export interface PublishedNotice {
  readonly version: number;
  /** RFC 5646. */
  readonly language: string;
  /** Who decides about the data: name and contact. */
  readonly controller: string;
  /** Markdown. */
  readonly text: string;
}

export interface NoticesDeps {
  readonly store: Pick<DeviceStore, "read">;
  readonly account: Account;
  readonly api: Pick<ConsentApi, "readNotice" | "showNotice">;
  readonly clock: Pick<Clock, "now">;
}

const languages = optional(listOf(text(35), 100));
export const noticeArgument = object({
  version: integer(1),
  language: text(35),
  controller: text(500),
  text: text(65_536),
});

/** The organisation's privacy notices. */
export class Notices {
  readonly #deps: NoticesDeps;

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the notice that is in force, in the first of these languages that it has, or else in one that it has.
   * @throws SealdeskError notice_not_found, notice_altered
   */
  async current(preferred?: readonly string[]): Promise<PublishedNotice> {
    languages(preferred, "preferred");
    return this.#read(undefined, preferred);
  }

  /**
   * Returns a published version, as `current` does.
   * @throws SealdeskError notice_not_found, notice_altered
   */
  async version(version: number, preferred?: readonly string[]): Promise<PublishedNotice> {
    integer(1)(version, "version");
    languages(preferred, "preferred");
    return this.#read(version, preferred);
  }

  async #read(
    version: number | undefined,
    preferred: readonly string[] = [],
  ): Promise<PublishedNotice> {
    const { api, account } = this.#deps;
    const { texts, controller, version: found } = await api.readNotice(version);
    const chosen =
      preferred.map((each) => texts.find(({ language }) => language === each)).find(Boolean) ??
      texts[0];
    if (chosen === undefined || (version !== undefined && found !== version)) throw altered();
    const notice = { version: found, controller, language: chosen.language, text: chosen.text };
    if (!equalBytes(digestOf(account.tenant, notice), chosen.digest)) throw altered();
    return notice;
  }

  /**
   * Records that this device showed a notice to its user, signed by the device. Call it when the notice is on the
   * screen.
   * @throws SealdeskError notice_not_found, request_refused: it is not the notice that was published
   */
  async shown(notice: PublishedNotice): Promise<void> {
    noticeArgument(notice, "notice");
    const { store, account, api, clock } = this.#deps;
    const { tenant, user, device } = account;
    const record = encodeView({
      version: 1,
      tenant,
      user,
      device,
      notice: refTo(tenant, notice),
      atMs: Math.floor(clock.now()),
    });
    const signature = await store.read((transaction) => signWith(transaction, viewBytes(record)));
    await api.showNotice({ record, signature });
  }
}

/** Signs bytes that begin with a label, with this device's receipt key. */
export async function signWith(
  transaction: Pick<ReadTransaction, "get">,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const { privateKey } = await loadIdentityKey(transaction, "receipt");
  return sign(bytes, privateKey);
}

/** Names a notice by what it says, whatever the server says of it. */
export const refTo = (tenant: TenantId, notice: PublishedNotice) => ({
  version: notice.version,
  language: notice.language,
  digest: digestOf(tenant, notice),
});

const digestOf = (tenant: TenantId, notice: PublishedNotice): Uint8Array =>
  sha256(noticeBytes({ ...notice, tenant }));

const altered = (): SealdeskError =>
  new SealdeskError(
    "notice_altered",
    "The server shows another notice than the one that it names.",
  );
