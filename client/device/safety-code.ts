import { encode, renderSVG } from "uqr";
import {
  compareSafetyCode,
  encodeSafetyCode,
  type SafetyVerdict,
} from "../../crypto/device/safety-code.ts";
import {
  groupDigits,
  safetyNumber,
  type AccountIdentity,
} from "../../crypto/device/safety-number.ts";
import { text as anyText } from "../arguments.ts";

export type { SafetyVerdict } from "../../crypto/device/safety-code.ts";

/** What two people compare, by reading it aloud or by scanning it. */
export interface SafetyCode {
  /** 60 digits in groups of five, the same on both devices. */
  readonly digits: string;
  /** What the QR code holds. */
  readonly text: string;
  /** The QR code to show, as an image. */
  readonly svg: string;
  /** The same, row by row: true is dark; with a border of four. */
  readonly modules: readonly (readonly boolean[])[];
  /** Compares what was scanned from the other device with what this device goes by. */
  compare(scanned: string): SafetyVerdict;
}

/** ISO/IEC 18004: a border of four modules, or scanners may not find it. */
const qr = { ecc: "M", border: 4 } as const;

export function safetyCode(own: AccountIdentity, other: AccountIdentity): SafetyCode {
  const text = encodeSafetyCode(own, other);
  return {
    digits: groupDigits(safetyNumber(own, other)),
    text,
    svg: renderSVG(text, qr),
    modules: encode(text, qr).data,
    compare: (scanned) => {
      anyText()(scanned, "scanned");
      return compareSafetyCode(own, other, scanned);
    },
  };
}
