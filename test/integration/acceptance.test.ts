/** Every driver passes the suite that others run against theirs, on the database that this run has for its dialect. */
import { describe, test } from "vitest";
import type { Driver } from "../../src/dialects/contract.ts";
import { builtInDrivers } from "../../src/drivers/index.ts";
import type { DriverConnection } from "../../src/io/driver.ts";
import { driverAcceptance } from "../../src/testing.ts";
import { databases } from "../support/databases.ts";
import { isInstalled, urlWith } from "../support/driverUrls.ts";

for (const driver of builtInDrivers) {
  const database = databases.find((one) => one.name === driver.dialectName);
  const isThere = database !== undefined && isInstalled(driver);
  const url = urlWith(driver, database?.url ?? `${driver.dialectName}://host/database`);
  describe.skipIf(!isThere)(`${driver.dialectName}+${driver.name}`, () => {
    const isSlow = driver.name === "pglite";
    for (const { name, run, isAboutConnecting } of casesOf(isSlow ? keptOpen(driver) : driver, url))
      if (!(isSlow && isAboutConnecting)) test(name, run, 60_000);
    if (!isSlow) return;
    for (const { name, run, isAboutConnecting } of casesOf(driver, url)) if (isAboutConnecting) test(name, run, 60_000);
  });
}

function casesOf(driver: Driver, url: string) {
  const cases = driverAcceptance({ driver, url });
  return cases.map((one) => ({ ...one, isAboutConnecting: /\b(closed?|destroyed|destroying|closing)\b/.test(one.name) }));
}

/** PGlite takes seconds to start: the cases that are not about connecting share one, which is only said to be closed. */
function keptOpen(driver: Driver): Driver {
  let kept: DriverConnection | null = null;
  return {
    name: driver.name,
    dialectName: driver.dialectName,
    colour: driver.colour,
    load: () => driver.load(),
    singleConnection: () => true,
    async connect(target) {
      const connection = kept?.isOpen === true ? kept : await driver.connect(target);
      kept = connection;
      let isOpen = true;
      const close = (): void => {
        isOpen = false;
      };
      return {
        driverConnection: connection.driverConnection,
        get isOpen() {
          return isOpen && connection.isOpen;
        },
        execute: (statement, deadline) => connection.execute(statement, deadline),
        executeMany: (statement, sets, deadline) => connection.executeMany(statement, sets, deadline),
        openCursor: (statement, deadline) => connection.openCursor(statement, deadline),
        close,
        destroy: close,
      };
    },
  };
}
