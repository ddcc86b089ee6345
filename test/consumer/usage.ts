/**
 * What a user's code looks like to the published package; scripts/check-package.mjs type-checks it against the packed
 * archive with the oldest and the newest supported TypeScript. It is never run, and must import the package by name.
 */
import type * as athanor from "athanor";

export type PublicNames = keyof typeof athanor;
