/** The entry point `athanor/testing`: what the tests of others need, such as the acceptance suite for drivers. */
export { driverAcceptance, type DriverAcceptanceOptions } from "./testing/acceptance.ts";
export type { Ability, AcceptanceCase } from "./testing/acceptance/case.ts";
export type { AcceptanceSql } from "./testing/acceptance/sql.ts";
