import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import type { Step } from "./steps.ts";

/** Where Debian's package `chromium` has it. */
const executablePath = "/usr/bin/chromium";
/** Nobody is asked for it. It is https, because WebCrypto needs a secure context. */
const url = "https://bench.invalid/";

/** A page in Chromium that runs the code of browsers. */
export interface MeasuringPage {
  readonly version: string;
  repeat(step: Step, withWebCrypto: boolean, seconds: number): Promise<number>;
  /** The CPU time of the process that runs the page, with all its threads. */
  readonly cpuMicros: () => Promise<number>;
  close(): Promise<void>;
}

/** @throws Error if Chromium is not installed */
export async function openMeasuringPage(): Promise<MeasuringPage> {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const page = await browser.newPage();
  await page.route(url, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Signatures</title>" }),
  );
  await page.goto(url);
  await page.addScriptTag({ type: "module", content: await bundledPage() });
  await page.waitForFunction("globalThis.repeatInPage");
  const session = await browser.newBrowserCDPSession();
  return {
    version: browser.version(),
    repeat: (...of) => page.evaluate(([...given]) => repeatInPage(...given), of),
    async cpuMicros() {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      const renderers = processInfo.filter(({ type }) => type === "renderer");
      return renderers.reduce((sum, { cpuTime }) => sum + cpuTime * 1e6, 0);
    },
    close: () => browser.close(),
  };
}

async function bundledPage(): Promise<string> {
  const page = fileURLToPath(new URL("page.js", import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [page],
    bundle: true,
    format: "esm",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** A function of the page: see page.ts. */
declare const repeatInPage: MeasuringPage["repeat"];
