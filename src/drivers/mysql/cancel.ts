/**
 * Stops a statement of MySQL or MariaDB with KILL QUERY over a second connection, for cancelled statements and for cursors that are closed
 * early. The server forgets a request that finds nothing to stop, or keeps it for the next statement, depending on its version; so whoever
 * calls this runs a harmless statement afterwards.
 */

/** Too many connections: on the server, of the user at a time, of the user by its account's limits. */
const NO_ROOM: ReadonlySet<unknown> = new Set([1040, 1203, 1226]);
/** How long to wait for room on a server that has none, and how often to knock. */
const ROOM_PATIENCE_MS = 3_000;
const ROOM_RETRY_MS = 50;
/**
 * A request that arrives between two steps of a statement, such as preparing and running it, stops nothing; so it is made again until the
 * statement has ended.
 */
const AGAIN_MS = 100;

/** The end of a statement that was told to stop when the server had nothing to stop: between two steps of one request. */
export class StoppedError extends Error {
  /** ER_QUERY_INTERRUPTED, as the server would have answered. */
  readonly code = "ER_QUERY_INTERRUPTED";
  readonly errno = 1317;
  readonly sqlState = "70100";

  /** @param when between which steps: "between two of its parameter sets" */
  constructor(when: string) {
    super(`The statement was stopped ${when}`);
  }
}

/** The second connection. */
export interface Killer {
  kill(threadId: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Tells the server to stop until it has; true when it was told at least once.
 * Rejected when the server cannot be told, unless the statement has ended by itself meanwhile.
 *
 * @param open makes the second connection
 * @param ended fulfilled when the statement has ended
 * @param told called when the server has been told, and can be expected to end
 */
export async function killUntilEnded(
  open: () => Promise<Killer>,
  threadId: number,
  ended: Promise<unknown>,
  told: () => void,
): Promise<boolean> {
  const state = { isOver: false };
  const over = ended.then(() => {
    state.isOver = true;
  });
  // What has ended already says so in a microtask.
  await Promise.race([over, Promise.resolve()]);
  const killer = state.isOver ? null : await whenThereIsRoom(open, over, state);
  if (killer === null) return false;
  try {
    let wasTold = false;
    while (!state.isOver) {
      await killer.kill(threadId);
      wasTold = true;
      told();
      await pause(AGAIN_MS, over);
    }
    return wasTold;
  } finally {
    await killer.close();
  }
}

async function whenThereIsRoom(
  open: () => Promise<Killer>,
  over: Promise<void>,
  state: { readonly isOver: boolean },
): Promise<Killer | null> {
  const start = performance.now();
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (state.isOver) return null;
      if (!NO_ROOM.has((error as { errno?: unknown }).errno) || performance.now() - start > ROOM_PATIENCE_MS) throw error;
      await pause(ROOM_RETRY_MS, over);
    }
  }
}

/** True when the promise is fulfilled within the time. */
export async function pause(milliseconds: number, unless: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const time = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([unless.then(() => true), time]);
  } finally {
    clearTimeout(timer);
  }
}
