/**
 * Loaded into a server before its own code. It puts `parts.ts` in place of the modules that the
 * benchmark leaves out.
 */
import { register } from "node:module";

register(new URL("./resolve.js", import.meta.url));
