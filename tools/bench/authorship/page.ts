/** What `in-chromium.ts` runs in a page. */
import * as browser from "../../../crypto/device/sodium.browser.ts";
import { repeat, stepsOf, type Step } from "./steps.ts";

const platform = await stepsOf(browser);
const javaScript = await stepsOf({
  ...browser,
  createSigner: async (privateKey) => async (message) => browser.sign(message, privateKey),
});

const repeatInPage = (step: Step, withWebCrypto: boolean, seconds: number): Promise<number> =>
  repeat((withWebCrypto ? platform : javaScript)[step], seconds);

Object.assign(globalThis, { repeatInPage });
