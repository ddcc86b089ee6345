/** Every error class, for the rest of the library and for the entry points. */
export * from "./base.ts";
export * from "./sql.ts";
export * from "./engine.ts";
export * from "./dbapi.ts";
export * from "./orm.ts";
