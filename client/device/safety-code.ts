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

/** The code that two people compare. They read it aloud or scan it. */
export interface SafetyCode {
  /** 60 digits in groups of five, the same on both devices. */
  readonly digits: string;
  /** The content of the QR code. */
  readonly text: string;
  /** The QR code as an SVG image. */
  readonly svg: string;
  /** The QR code row by row, with a border of four modules. True is dark. */
  readonly modules: readonly (readonly boolean[])[];
  /**
   * Compares the code that was scanned from the other device with the one that this device expects.
   */
  compare(scanned: string): SafetyVerdict;
}

/** ISO/IEC 18004 requires a border of four modules. Without it scanners may not find the code. */
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
