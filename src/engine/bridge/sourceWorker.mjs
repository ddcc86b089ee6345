/**
 * Starts the worker from its TypeScript source where Node cannot read that by itself: an `--import` of a loader reaches only the main
 * thread, so the loader is set up here. It is not part of the published package, and JavaScript because nothing has been loaded yet.
 */
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
