/**
 * Ports for servers of our own. They lie below those that systems hand out for outgoing connections: a server that is restarted must
 * find its port still free, with thousands of connections coming and going meanwhile.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const FIRST = 15_000;
const BEYOND = 32_000;
const given = new Set<number>();

/** A port of 127.0.0.1 on which nobody listens, and that was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, BEYOND);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
