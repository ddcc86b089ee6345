/**
 * A session that functions share without handing it around: one for each scope, found through AsyncLocalStorage. An opt-in. SQLAlchemy:
 * async_scoped_session.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Propagation, propagationAction } from "../engine/propagation.ts";
import { InvalidRequestError, NotYetSupportedError } from "../errors/base.ts";
import type { AsyncSession, AsyncSessionFactory } from "./session.ts";

interface Scope {
  session: AsyncSession | null;
  /** True while a transaction of `transaction()` is under way. */
  readonly isInTransaction: boolean;
}

/** The sessions of a program's scopes; see `asyncScopedSession`. Called like a function it gives the session of the scope it is called in. */
export interface AsyncScopedSession {
  /** The session of this scope, made when it is first asked for. Throws InvalidRequestError outside of any scope. */
  (): AsyncSession;
  /** Runs the callback in a scope of its own, and closes its session afterwards: what was not committed is rolled back. */
  scope<T>(work: () => T | Promise<T>): Promise<T>;
  /**
   * Runs the callback in a transaction, as the propagation says (default "required"): it joins the one of its caller, or begins one in a
   * scope of its own, commits it when the callback's promise is fulfilled, and rolls back when it is rejected.
   *
   * @throws ArgumentError for what is no propagation, InvalidRequestError where it forbids to run here, NotYetSupportedError for a savepoint
   */
  transaction<T>(work: (session: AsyncSession) => T | Promise<T>, options?: { readonly propagation?: Propagation }): Promise<T>;
  /** True where this scope has a session. */
  has(): boolean;
  /** Closes this scope's session; the next call makes another. */
  remove(): Promise<void>;
}

/**
 * Makes a registry of sessions, one for each scope: a request of a server, for example.
 *
 * @example
 * ```ts no-check
 * const session = asyncScopedSession(asyncSessionmaker(engine));
 * async function userNamed(name: string) {
 *   return (await session().scalars(select(User).where(User.c.name.eq(name)))).first();
 * }
 * app.use((request, response, next) => session.scope(next));
 * ```
 */
export function asyncScopedSession(factory: AsyncSessionFactory): AsyncScopedSession {
  const scopes = new AsyncLocalStorage<Scope>();

  const current = (): Scope => {
    const scope = scopes.getStore();
    if (scope === undefined)
      throw new InvalidRequestError(
        "There is no scope here to have a session in: call this within scope() or transaction() of the scoped session",
      );
    return scope;
  };

  async function inScope<T>(isInTransaction: boolean, work: (scope: Scope) => T | Promise<T>): Promise<T> {
    const scope: Scope = { session: null, isInTransaction };
    try {
      return await scopes.run(scope, async () => work(scope));
    } finally {
      await scope.session?.close();
    }
  }

  async function begin<T>(work: (session: AsyncSession) => T | Promise<T>): Promise<T> {
    return await inScope(true, async (scope) => {
      const session = (scope.session = factory());
      return await session.begin(work);
    });
  }

  const session = (): AsyncSession => (current().session ??= factory());

  return Object.assign(session, {
    scope<T>(work: () => T | Promise<T>): Promise<T> {
      return inScope(false, work);
    },
    async transaction<T>(
      work: (session: AsyncSession) => T | Promise<T>,
      { propagation = "required" }: { readonly propagation?: Propagation } = {},
    ): Promise<T> {
      const scope = scopes.getStore();
      switch (propagationAction(propagation, scope?.isInTransaction === true)) {
        case "join":
          return await work(session());
        case "begin":
          return await begin(work);
        case "without":
          return await inScope(false, () => work(session()));
        case "savepoint":
          throw new NotYetSupportedError(
            "Sessions have no savepoints yet; for a nested transaction use transactionContext(engine), which works on connections",
          );
      }
    },
    has(): boolean {
      return current().session !== null;
    },
    async remove(): Promise<void> {
      const scope = current();
      const closing = scope.session;
      scope.session = null;
      await closing?.close();
    },
  });
}
