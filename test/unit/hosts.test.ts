/** URLs with several servers: which targets they become, in which order, and what is refused. */
import { describe, expect, test } from "vitest";
import type { ConnectTarget } from "../../src/dialects/contract.ts";
import { serverName, targetsOf } from "../../src/engine/hosts.ts";
import { makeUrl } from "../../src/engine/url.ts";
import { ArgumentError } from "../../src/errors/index.ts";

function target(url: string): ConnectTarget {
  const { host, port, username, password, database, query } = makeUrl(url);
  return { host, port, username, password, database, query, connectArgs: {} };
}
const places = (url: string): unknown[] => targetsOf(target(url)).map(({ host, port }) => [host, port]);

describe("the servers of a URL", () => {
  test.each<[string, unknown[]]>([
    [
      "host=a:1&host=b:2",
      [
        ["a", 1],
        ["b", 2],
      ],
    ],
    [
      "host=a&host=b:2",
      [
        ["a", null],
        ["b", 2],
      ],
    ],
    [
      "host=a&host=b&port=1&port=2",
      [
        ["a", 1],
        ["b", 2],
      ],
    ],
    [
      "host=a&host=b&port=7",
      [
        ["a", 7],
        ["b", 7],
      ],
    ],
    [
      "host=a,b&port=1,2",
      [
        ["a", 1],
        ["b", 2],
      ],
    ],
    ["host=a:1", [["a", 1]]],
    [
      "host=[2001:db8::1]:5&host=::1&host=[::2]",
      [
        ["2001:db8::1", 5],
        ["::1", null],
        ["::2", null],
      ],
    ],
    [
      "host=/run/a&host=/run/b:c&port=1&port=2",
      [
        ["/run/a", 1],
        ["/run/b:c", 2],
      ],
    ],
  ])("%s", (query, expected) => {
    expect(places(`postgresql://u:p@/db?${query}`)).toEqual(expected);
  });

  test("the rest of the URL is the same for each", () => {
    const [first, second] = targetsOf(target("postgresql://u:p@/db?host=a&host=b&port=1&sslmode=require"));
    const common = { username: "u", password: "p", database: "db", query: { sslmode: "require" }, connectArgs: {} };
    expect(first).toEqual({ host: "a", port: 1, ...common });
    expect(second).toEqual({ host: "b", port: 1, ...common });
  });

  test("a port before the query is for those without their own", () => {
    expect(places("postgresql://u@:9/db?host=a&host=b:2")).toEqual([
      ["a", 9],
      ["b", 2],
    ]);
  });

  test.each([
    "postgresql://h/db",
    "postgresql:///db?host=/run/postgresql",
    "postgresql:///db?host=a&port=1",
    "sqlite:///x.db?a=1",
  ])("%s is the driver's affair", (url) => {
    const given = target(url);
    expect(targetsOf(given)).toEqual([given]);
    expect(targetsOf(given)[0]).toBe(given);
  });

  test.each([
    ["postgresql://h/db?host=a&host=b", /names the host before its query and in it/],
    ["postgresql:///db?host=a:1&host=b&port=2", /ports behind its hosts and as the parameter port/],
    ["postgresql:///db?host=a&host=b&host=c&port=1&port=2", /3 hosts and 2 ports/],
    ["postgresql:///db?host=a&host=b&port=x", /not a port number: "x"/],
    ["postgresql:///db?host=a:70000&host=b", /not a port number: "70000"/],
    ["postgresql:///db?host=a&host=", /no name in it/],
  ])("%s is refused", (url, message) => {
    expect(() => targetsOf(target(url))).toThrow(ArgumentError);
    expect(() => targetsOf(target(url))).toThrow(message);
  });

  test("how messages name them", () => {
    const named = targetsOf(target("postgresql:///db?host=a&host=b:2&host=[::1]:3")).map(serverName);
    expect(named).toEqual(["a", "b:2", "[::1]:3"]);
  });
});
