import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { Consumer } from "../architecture/consumer.ts";
import { ensureInstalled } from "./debian-packages.ts";

const PATH = "/usr/bin/chromium";

/**
 * Bundles a page with Vite where the packages are installed.
 * @param scripts names of files in test/e2e/browser; the page loads the first
 * @returns the folder of the page
 */
export async function buildPage(
  consumer: Consumer,
  ...scripts: readonly [string, ...string[]]
): Promise<string> {
  for (const name of scripts)
    await consumer.write(name, await readFile(`test/e2e/browser/${name}`, "utf8"));
  await consumer.write(
    "index.html",
    `<!doctype html><title>Desk</title><script type="module" src="/${scripts[0]}"></script>`,
  );
  await consumer.run("vite/bin/vite.js", "build", "--logLevel", "warn");
  return join(consumer.folder, "dist");
}

/** Starts Chromium, and installs it first if it is missing. */
export function launchChromium(): Promise<Browser> {
  ensureInstalled(() => existsSync(PATH), ["chromium"]);
  return chromium.launch({
    executablePath: PATH,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

/** Calls a function that the page's script offers to tests. */
export const callIn = <T>(on: Page, name: string, ...values: readonly unknown[]): Promise<T> =>
  on.evaluate(
    ([of, given]) => {
      const { page: functions } = globalThis as never as {
        page: Record<string, (...each: readonly unknown[]) => unknown>;
      };
      return functions[of]?.(...given);
    },
    [name, values] as const,
  ) as Promise<T>;
