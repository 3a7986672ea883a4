/** Privacy notices, and the statements of devices that they showed one. */
import { concat, toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import type { DeviceId, TenantId, UserId } from "./ids.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  malformed,
  objectOf,
  oneOfIn,
  type JsonFields,
} from "./json-fields.ts";

const noticeLabel = utf8("sealdesk/notice/v1");
const viewLabel = utf8("sealdesk/notice-view/v1");

/** A language tag (RFC 5646), such as "de" or "pt-BR". */
export const languageTag = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

/** A notice in one language. */
export interface Notice {
  readonly tenant: TenantId;
  readonly version: number;
  readonly language: string;
  /** Who decides about the data (GDPR article 4(7)): name and contact. */
  readonly controller: string;
  /** Markdown. */
  readonly text: string;
}

/** Names a notice in one language, and what it says. */
export interface NoticeRef {
  readonly version: number;
  readonly language: string;
  /** SHA-256 of `noticeBytes`, 32 bytes. */
  readonly digest: Uint8Array;
}

/** Returns the bytes whose SHA-256 names a notice: a label and canonical JSON (RFC 8785). */
export const noticeBytes = ({ tenant, version, language, controller, text }: Notice): Uint8Array =>
  concat(noticeLabel, utf8(canonicalJson({ tenant, version, language, controller, text })));

/** The statement of a device that it showed a notice to its user. */
export interface NoticeView {
  readonly version: 1;
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly notice: NoticeRef;
  /** Milliseconds since the Unix epoch, by the device's clock. */
  readonly atMs: number;
}

/** Largest size of a view's text in bytes. */
export const maxViewBytes = 1024;

/** Returns the bytes that the device's receipt key signs for a view's text. */
export const viewBytes = (text: Uint8Array): Uint8Array => concat(viewLabel, text);

/** Returns the canonical text of a view. */
export const encodeView = (view: NoticeView): Uint8Array => utf8(canonicalJson(viewToJson(view)));

/**
 * Parses the text of a view, which must be in canonical form.
 * @throws WireError malformed_record
 */
export function decodeView(text: Uint8Array): NoticeView {
  if (text.length > maxViewBytes) throw malformed();
  return decodeCanonical(text, viewFromJson, viewToJson);
}

const viewToJson = (view: NoticeView): CanonicalValue => ({
  ...view,
  notice: noticeToJson(view.notice),
});

const viewFromJson = (fields: JsonFields): NoticeView => ({
  version: oneOfIn(fields, "version", [1]),
  tenant: idIn(fields, "tenant"),
  user: idIn(fields, "user"),
  device: idIn(fields, "device"),
  notice: noticeFromJson(fields["notice"]),
  atMs: countIn(fields, "atMs"),
});

export const noticeToJson = ({ version, language, digest }: NoticeRef): CanonicalValue => ({
  version,
  language,
  digest: toBase64Url(digest),
});

/** The largest number of a version that a database stores. */
const MAX_VERSION = 2 ** 31 - 1;

/** @throws WireError malformed_record */
export function noticeFromJson(value: unknown): NoticeRef {
  const fields = objectOf(value);
  const { language } = fields;
  const version = countIn(fields, "version");
  if (typeof language !== "string" || !languageTag.test(language)) throw malformed();
  if (version > MAX_VERSION) throw malformed();
  return { version, language, digest: bytesIn(fields, "digest", 32) };
}
