/** The entry point `athanor/orm`: mapped classes, sessions, loading. */
export * from "./orm/index.ts";
export { t } from "./sql/schema/t.ts";
export { Session, sessionmaker, type SessionFactory } from "./sync/session.ts";
export { AsyncSession, asyncSessionmaker, type AsyncSessionFactory } from "./async/session.ts";
export { asyncScopedSession, type AsyncScopedSession } from "./async/scopedSession.ts";
