/** What the library takes for granted of Node and of the transform that tests run through. */
import { describe, expect, test } from "vitest";

class Resource {
  readonly log: string[];
  readonly name: string;

  constructor(log: string[], name: string) {
    this.log = log;
    this.name = name;
  }

  [Symbol.dispose](): void {
    this.log.push(`dispose ${this.name}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.log.push(`async dispose ${this.name}`);
    return Promise.resolve();
  }
}

describe("using", () => {
  test("disposes in reverse order, also when the block throws", () => {
    const log: string[] = [];
    expect(() => {
      using first = new Resource(log, "first");
      using second = new Resource(log, "second");
      log.push(first.name, second.name);
      throw new Error("out");
    }).toThrow("out");
    expect(log).toEqual(["first", "second", "dispose second", "dispose first"]);
  });

  test("await using prefers Symbol.asyncDispose", async () => {
    const log: string[] = [];
    {
      await using resource = new Resource(log, "it");
      log.push(resource.name);
    }
    expect(log).toEqual(["it", "async dispose it"]);
  });
});
