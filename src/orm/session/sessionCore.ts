/**
 * The session, in both colours: its objects and their states, the transaction, flushing and loading. All I/O is requests; the facades in
 * sync/ and async/ run it. One operation at a time.
 */
import { ArgumentError, InvalidRequestError, NotYetSupportedError } from "../../errors/base.ts";
import { NoResultFound, PendingRollbackError } from "../../errors/engine.ts";
import { UnmappedError } from "../../errors/orm.ts";
import type { ConnectionCore } from "../../engine/connection.ts";
import {
  type ExecuteOptions,
  type ExecutionOptions,
  isStreamed,
  optionsOfCall,
  stopOf,
} from "../../engine/options/executionOptions.ts";
import type { EngineCore } from "../../engine/engineCore.ts";
import type { Result } from "../../engine/results/result.ts";
import type { Io } from "../../io/io.ts";
import type { Stop } from "../../io/stop.ts";
import { describe } from "../../sql/coerce/describe.ts";
import type { Parameters } from "../../sql/compile/execute.ts";
import type { Delete, Update } from "../../sql/nodes/dml.ts";
import type { Node } from "../../sql/nodes/node.ts";
import type { Table } from "../../sql/schema/table.ts";
import { collectChanges, relationshipHistory } from "../flush/changes.ts";
import { emitFlush } from "../flush/emit.ts";
import { planFlush } from "../flush/plan.ts";
import { isOrmSelect } from "../load/selectBuilder.ts";
import { mapperOf, type ColumnAttribute, type Entity, type Mapper } from "../mapping/mapper.ts";
import type { Cascade, Relationship } from "../mapping/relationship.ts";
import { stateOf, type InstanceState, type SessionLink } from "../state/instanceState.ts";
import { SessionIdentityMap } from "./identityMap.ts";
import { rowGone, SessionLoader } from "./loading.ts";

type UpdateOrDelete = Update<never, readonly unknown[]> | Delete<readonly unknown[]>;

export interface SessionOptions {
  /** Flush before every query, so that queries see what was changed. Default: true. */
  readonly autoflush?: boolean;
  /** Forget the values of all objects on commit, so that the next read gets the row as it is then. Default: true. */
  readonly expireOnCommit?: boolean;
}

/** How the facade runs I/O that a read of an attribute needs; null in the asynchronous colour. */
export type RunNow = (<T>(io: Io<T>, stop: Stop | null) => T) | null;

/** none: nothing begun; open: under way; failed: rolled back by a failed flush, waiting for rollback(). */
type TransactionStatus = "none" | "open" | "failed";

const OPTION_NAMES = ["autoflush", "expireOnCommit"];
const PLANNED_OPTIONS = ["autobegin", "twophase", "binds", "info", "joinTransactionMode", "closeResetsOnly"];

export class SessionCore implements SessionLink {
  readonly engine: EngineCore;
  readonly colour: "sync" | "async";
  readonly autoflush: boolean;
  readonly expireOnCommit: boolean;
  readonly identities = new SessionIdentityMap();
  readonly #loader: SessionLoader;
  readonly #runNow: RunNow;
  readonly #openFacade: (connection: ConnectionCore) => void;
  readonly #pending = new Set<InstanceState>();
  readonly #modified = new Set<InstanceState>();
  readonly #toDelete = new Set<InstanceState>();
  /** What this transaction has inserted and deleted, for rollback. */
  readonly #inserted = new Set<InstanceState>();
  readonly #deleted = new Set<InstanceState>();
  #connection: ConnectionCore | null = null;
  #status: TransactionStatus = "none";
  /** Why the transaction failed. */
  #failure: unknown = null;
  #isFlushing = false;

  /** `openFacade` gives a connection the face that listeners of events are shown. */
  constructor(engine: EngineCore, options: SessionOptions, runNow: RunNow, openFacade: (connection: ConnectionCore) => void) {
    for (const name of Object.keys(options)) {
      if (PLANNED_OPTIONS.includes(name)) throw new NotYetSupportedError(`Session: the option ${name} is not there yet.`);
      if (!OPTION_NAMES.includes(name))
        throw new ArgumentError(`Session has no option ${name}; it has ${OPTION_NAMES.join(", ")}.`);
    }
    this.engine = engine;
    this.colour = runNow === null ? "async" : "sync";
    this.#runNow = runNow;
    this.#openFacade = openFacade;
    this.autoflush = options.autoflush ?? true;
    this.expireOnCommit = options.expireOnCommit ?? true;
    this.#loader = new SessionLoader(this, engine);
  }

  // ---- objects

  /** Takes an object in: it will be inserted with the next flush, and what it is related to with it. */
  add(entity: unknown): void {
    const state = requireState(entity, "add");
    // What is in the session already has been looked through when it came; going through it again would make adding quadratic.
    for (const each of this.#reachable(state, "save-update", (member) => member.session === this)) this.#attach(each);
  }
  *delete(entity: unknown): Io<void> {
    const state = requireState(entity, "delete");
    if (state.lifecycle !== "persistent" || state.session !== this) {
      throw new InvalidRequestError(
        `delete(): ${state.describe()} is ${state.lifecycle}${state.session === this ? "" : " and not in this session"}; only persistent objects can be deleted.`,
      );
    }
    yield* this.#markDeleted(state);
  }
  /** Takes an object out, without any effect on its row. */
  expunge(entity: unknown): void {
    const state = requireState(entity, "expunge");
    if (state.session !== this) throw new InvalidRequestError(`expunge(): ${state.describe()} is not in this session.`);
    for (const each of this.#reachable(state, "expunge")) if (each.session === this) this.#detach(each);
  }
  expungeAll(): void {
    for (const state of this.#pending) this.#release(state);
    for (const state of this.identities.states()) this.#release(state);
    this.identities.clear();
    this.#pending.clear();
    this.#modified.clear();
    this.#toDelete.clear();
  }
  /** Forgets the values of an object, or some of them: the next read gets them from the row. */
  expire(entity: unknown, attributeNames?: readonly string[]): void {
    const state = requireState(entity, "expire");
    if (state.session !== this || state.lifecycle !== "persistent") {
      throw new InvalidRequestError(`expire(): ${state.describe()} is not persistent in this session.`);
    }
    this.#expire(state, attributeNames);
  }
  expireAll(): void {
    for (const state of this.identities.states()) this.#expire(state);
  }
  has(entity: unknown): boolean {
    return stateOf(entity)?.session === this;
  }
  get new(): readonly Entity[] {
    return [...this.#pending].map((state) => state.entity);
  }
  get dirty(): readonly Entity[] {
    return [...this.#modified]
      .filter((state) => state.lifecycle === "persistent" && !this.#toDelete.has(state))
      .map((state) => state.entity);
  }
  get deleted(): readonly Entity[] {
    return [...this.#toDelete].map((state) => state.entity);
  }
  get inTransaction(): boolean {
    return this.#status !== "none";
  }
  *entities(): Iterable<Entity> {
    for (const state of this.identities.states()) yield state.entity;
  }

  // ---- executing and loading

  /** When to stop what is run with these options. */
  stopFor(statement: unknown, call?: ExecuteOptions): Stop | null {
    return stopOf(this.#optionsFor(statement, call));
  }
  #optionsFor(statement: unknown, call?: ExecuteOptions): ExecutionOptions {
    return optionsOfCall(this.#connection?.executionOptions ?? this.engine.executionOptions, statement, call, "execute()");
  }

  *execute(statement: Node, parameters?: Parameters, call?: ExecuteOptions): Io<Result> {
    if (this.autoflush) yield* this.flush();
    const options = this.#optionsFor(statement, call);
    if (isStreamed(options))
      throw new NotYetSupportedError(
        "Sessions do not stream yet (streamResults, yieldPer). Stream on session.connection(), which gives rows without objects, or page through the rows with limit().",
      );
    if (isOrmSelect(statement)) return yield* this.#loader.execute(statement, parameters, options);
    const result = yield* (yield* this.connection()).execute(statement, parameters, options);
    if (statement.kind === "update" || statement.kind === "delete") this.#expireTable((statement as UpdateOrDelete).table);
    return result;
  }
  /** A statement has changed rows behind the objects' backs: what is loaded of that table is read again. */
  #expireTable(table: Table): void {
    for (const state of this.identities.states()) if (state.mapper.table === table) this.#expire(state);
  }
  *get(entity: unknown, key: unknown): Io<Entity | null> {
    const mapper = mapperOf(entity);
    const values = primaryKeyValues(mapper, key);
    const identity = mapper.identityKey(values);
    if (identity === null) throw new ArgumentError(`get(): a primary key of ${mapper.name} is never null.`);
    const known = this.identities.get(mapper, identity);
    if (known !== undefined && mapper.hasValues(known)) return this.#toDelete.has(stateOf(known)!) ? null : known;
    if (this.autoflush) yield* this.flush();
    return yield* this.#loader.byKey(mapper, values, false);
  }
  *getOne(entity: unknown, key: unknown): Io<Entity> {
    const found = yield* this.get(entity, key);
    if (found === null)
      throw new NoResultFound(`No row was found for the primary key ${describe(key)} of ${mapperOf(entity).name}.`);
    return found;
  }
  /** Loads an object's columns again, overwriting what was changed and not flushed. */
  *refresh(entity: unknown): Io<void> {
    const state = this.#requirePersistent(entity, "refresh");
    if (this.autoflush) yield* this.flush();
    this.#expire(state);
    yield* this.#reload(state);
  }
  /** Loads attributes now: relationships, or expired columns. */
  *load(entity: unknown, ...names: readonly string[]): Io<void> {
    const state = this.#requirePersistent(entity, "load");
    if (this.autoflush) yield* this.flush();
    for (const name of names) {
      const attribute = state.mapper.attribute(name);
      if (attribute === undefined) yield* this.#loader.relationship(state, state.mapper.relationship(name));
      else if (state.entity[attribute.slot] === undefined) yield* this.#reload(state);
    }
  }
  *#reload(state: InstanceState): Io<void> {
    const found = yield* this.#loader.byKey(state.mapper, state.keyValues ?? state.mapper.primaryKeyOf(state.entity), false);
    if (found === null) throw rowGone(state);
  }

  // ---- flushing

  /** Sends what was changed. Costs what changed: with nothing to do it looks at two empty sets. */
  *flush(): Io<void> {
    if (this.#pending.size === 0 && this.#modified.size === 0 && this.#toDelete.size === 0) return;
    if (this.#isFlushing) throw new InvalidRequestError("The session is flushing already.");
    this.#isFlushing = true;
    try {
      const connection = yield* this.connection();
      try {
        yield* this.#deleteOrphans();
        const changes = collectChanges(this.#pending, this.#modified, this.#toDelete);
        yield* emitFlush(connection, planFlush(changes), changes, (state) => this.#noteInserted(state));
        this.#flushed();
      } catch (error) {
        yield* this.#fail(error);
        throw error;
      }
    } finally {
      this.#isFlushing = false;
    }
  }
  #noteInserted(state: InstanceState): void {
    const { mapper, entity } = state;
    const key = mapper.identityKey(mapper.primaryKeyOf(entity));
    state.identity = key;
    this.#inserted.add(state);
  }
  #flushed(): void {
    for (const state of this.#pending) {
      state.lifecycle = "persistent";
      state.forgetChanges();
      this.identities.add(state.mapper, state.identity!, state.entity);
    }
    for (const state of this.#toDelete) {
      state.lifecycle = "deleted";
      state.forgetChanges();
      this.identities.delete(state.mapper, state.identity!);
      this.#deleted.add(state);
    }
    const modified = [...this.#modified];
    this.#pending.clear();
    this.#toDelete.clear();
    this.#modified.clear();
    for (const state of modified) state.forgetFlushed();
  }
  /** A failed flush has undone nothing of the objects, and the whole transaction in the database. */
  *#fail(error: unknown): Io<void> {
    this.#status = "failed";
    this.#failure = error;
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) yield* connection.close();
  }
  /** Members that left a list with delete-orphan, and have no other parent there, are deleted. New ones have left the session already. */
  *#deleteOrphans(): Io<void> {
    const orphans = new Set<InstanceState>();
    const adopted = new Set<InstanceState>();
    for (const state of [...this.#modified, ...this.#pending]) {
      for (const relationship of state.mapper.relationships.values()) {
        const { reverse } = relationship;
        if (relationship.cascade.has("delete-orphan")) {
          const { added, removed } = relationshipHistory(state, relationship);
          for (const member of added) adopted.add(stateOf(member)!);
          for (const member of removed) {
            const parent = reverse === null ? undefined : member[reverse.slot];
            if (parent === null || parent === undefined || parent === state.entity) orphans.add(stateOf(member)!);
          }
        } else if (reverse?.cascade.has("delete-orphan") === true && state.entity[relationship.slot] === null) {
          // The parent was taken away; its list may not be loaded.
          if (state.relationshipChanges?.has(relationship) === true) orphans.add(state);
        }
      }
    }
    for (const state of orphans) {
      if (!adopted.has(state) && state.lifecycle === "persistent") yield* this.#markDeleted(state);
    }
  }
  *#markDeleted(state: InstanceState): Io<void> {
    if (this.#toDelete.has(state)) return;
    this.#toDelete.add(state);
    // The order of deletions follows from what the row refers to.
    if (state.mapper.table.foreignKeys.some(({ parent }) => state.columnValue(parent) === undefined)) yield* this.#reload(state);
    for (const relationship of state.mapper.relationships.values()) {
      // Lists are loaded even without the cascade: their members' foreign keys, or the link rows, have to go.
      if (!relationship.isList && !relationship.cascade.has("delete")) continue;
      yield* this.#loader.relationship(state, relationship);
      if (!relationship.cascade.has("delete")) continue;
      for (const member of members(state, relationship)) {
        const memberState = stateOf(member)!;
        if (memberState.lifecycle === "persistent") yield* this.#markDeleted(memberState);
        else if (memberState.lifecycle === "pending") this.#detach(memberState);
      }
    }
  }

  // ---- the transaction

  /** The connection of the session's transaction, begun when it is first needed. */
  *connection(): Io<ConnectionCore> {
    if (this.#status === "failed") {
      throw new PendingRollbackError(
        "The session's transaction was rolled back because a flush failed. Call rollback() before going on; the objects are then as the database has them.",
        { cause: this.#failure },
      );
    }
    if (this.#connection?.closed === true) this.#connection = null;
    if (this.#connection === null) {
      this.#connection = yield* this.engine.connect();
      this.#openFacade(this.#connection);
    }
    this.#status = "open";
    return this.#connection;
  }
  begin(): void {
    if (this.#status !== "none")
      throw new InvalidRequestError("A transaction is under way in this session already. Commit it or roll it back first.");
    this.#status = "open";
  }
  *commit(): Io<void> {
    yield* this.flush();
    if (this.#status === "failed") yield* this.connection();
    const connection = this.#connection;
    if (connection !== null) {
      try {
        yield* connection.transactions.commit();
      } catch (error) {
        yield* this.#fail(error);
        throw error;
      }
      this.#connection = null;
      yield* connection.close();
    }
    this.#status = "none";
    for (const state of this.#deleted) {
      state.lifecycle = "detached";
      state.session = null;
    }
    this.#inserted.clear();
    this.#deleted.clear();
    if (this.expireOnCommit) this.expireAll();
  }
  *rollback(): Io<void> {
    const connection = this.#connection;
    this.#connection = null;
    this.#status = "none";
    this.#failure = null;
    this.#restore();
    if (connection === null) return;
    try {
      if (!connection.closed) yield* connection.transactions.rollback();
    } finally {
      yield* connection.close();
    }
  }
  /** Objects as they were before the transaction: new ones have no row again, deleted ones are back, all others are read anew. */
  #restore(): void {
    for (const state of new Set([...this.#pending, ...this.#inserted])) {
      if (state.identity !== null) this.identities.delete(state.mapper, state.identity);
      // A key that the database made must not be kept: the next insert gets another. A pending object may have one of a failed flush.
      for (const { slot } of state.generatedKey ?? []) state.entity[slot] = undefined;
      state.generatedKey = null;
      state.identity = null;
      state.keyValues = null;
      state.lifecycle = "transient";
      state.session = null;
      state.forgetChanges();
    }
    for (const state of this.#deleted) {
      state.lifecycle = "persistent";
      if (!this.#inserted.has(state)) this.identities.add(state.mapper, state.identity!, state.entity);
      else state.lifecycle = "transient";
    }
    this.#pending.clear();
    this.#modified.clear();
    this.#toDelete.clear();
    this.#inserted.clear();
    this.#deleted.clear();
    this.expireAll();
  }
  /** Ends the transaction without committing and lets all objects go. The session can be used again. */
  *close(): Io<void> {
    const connection = this.#connection;
    this.#connection = null;
    this.#status = "none";
    this.#failure = null;
    this.expungeAll();
    this.#inserted.clear();
    this.#deleted.clear();
    if (connection !== null) yield* connection.close();
  }

  // ---- for objects and loaders

  noteChange(state: InstanceState): void {
    this.#modified.add(state);
  }
  cascadeIn(entity: Entity): void {
    const state = stateOf(entity)!;
    if (state.session !== this) this.add(entity);
  }
  dropPending(state: InstanceState): void {
    if (state.lifecycle === "pending" && state.session === this) this.#detach(state);
  }
  knownReference(state: InstanceState, relationship: Relationship): Entity | null | undefined {
    return this.#loader.knownReference(state, relationship);
  }
  loadNow(state: InstanceState, attribute: ColumnAttribute | Relationship): unknown {
    this.#runNow!(this.#loadAttribute(state, attribute), this.stopFor(null));
    return state.entity[attribute.slot];
  }
  *#loadAttribute(state: InstanceState, attribute: ColumnAttribute | Relationship): Io<void> {
    if ("column" in attribute) {
      yield* this.#reload(state);
      return;
    }
    if (this.autoflush) yield* this.flush();
    yield* this.#loader.relationship(state, attribute);
  }
  addLoaded(state: InstanceState): void {
    state.session = this;
  }

  #attach(state: InstanceState): void {
    if (state.session === this) {
      this.#toDelete.delete(state);
      return;
    }
    if (state.session !== null) {
      throw new InvalidRequestError(
        `add(): ${state.describe()} is in another session already. Take it out there with expunge() first.`,
      );
    }
    if (state.identity === null) {
      state.lifecycle = "pending";
      this.#pending.add(state);
    } else {
      const known = this.identities.get(state.mapper, state.identity);
      if (known !== undefined && known !== state.entity) {
        throw new InvalidRequestError(`add(): the session has another object for the row of ${state.describe()} already.`);
      }
      state.lifecycle = "persistent";
      this.identities.add(state.mapper, state.identity, state.entity);
      if (state.isModified) this.#modified.add(state);
    }
    state.session = this;
  }
  #detach(state: InstanceState): void {
    this.#pending.delete(state);
    this.#modified.delete(state);
    this.#toDelete.delete(state);
    if (state.identity !== null) this.identities.delete(state.mapper, state.identity);
    this.#release(state);
  }
  /** The object is nobody's again. */
  #release(state: InstanceState): void {
    state.lifecycle = state.identity === null ? "transient" : "detached";
    state.session = null;
  }
  #expire(state: InstanceState, names?: readonly string[]): void {
    state.noteKey();
    for (const { key, slot } of [...state.mapper.columnAttributes, ...state.mapper.relationships.values()]) {
      if (names !== undefined && !names.includes(key)) continue;
      state.entity[slot] = undefined;
    }
    if (names !== undefined) state.forgetChangesOf(names);
    else {
      state.forgetChanges();
      this.#modified.delete(state);
    }
  }
  #requirePersistent(entity: unknown, where: string): InstanceState {
    const state = requireState(entity, where);
    if (state.session !== this || state.lifecycle !== "persistent") {
      throw new InvalidRequestError(`${where}(): ${state.describe()} is not persistent in this session.`);
    }
    return state;
  }
  /** An object and what a cascade leads to from it, through what is loaded. */
  #reachable(start: InstanceState, cascade: Cascade, isKnown = (_member: InstanceState): boolean => false): Set<InstanceState> {
    const found = new Set([start]);
    for (const state of found) {
      for (const relationship of state.mapper.relationships.values()) {
        if (!relationship.cascade.has(cascade)) continue;
        for (const member of members(state, relationship)) {
          const memberState = stateOf(member)!;
          if (!isKnown(memberState)) found.add(memberState);
        }
      }
    }
    return found;
  }
}

/** The related objects that are loaded. */
function members(state: InstanceState, relationship: Relationship): readonly Entity[] {
  const value = state.entity[relationship.slot];
  if (value === undefined || value === null) return [];
  return relationship.isList ? [...(value as readonly Entity[])] : [value as Entity];
}

function requireState(entity: unknown, where: string): InstanceState {
  const state = stateOf(entity);
  if (state === undefined) throw new UnmappedError(`${where}() takes an object of a mapped class, got ${describe(entity)}.`);
  return state;
}

/** The parts of a primary key from what `get` was given: a value, a list, or an object by attribute. */
function primaryKeyValues(mapper: Mapper, key: unknown): readonly unknown[] {
  const names = mapper.primaryKey.map((attribute) => attribute.key);
  let values: readonly unknown[];
  if (Array.isArray(key)) values = key as readonly unknown[];
  else if (typeof key === "object" && key !== null && Object.getPrototypeOf(key) === Object.prototype)
    values = names.map((name) => (key as Record<string, unknown>)[name]);
  else values = [key];
  if (values.length !== names.length || values.some((value) => value === undefined)) {
    throw new ArgumentError(`get(): the primary key of ${mapper.name} is ${names.join(", ")}; got ${describe(key)}.`);
  }
  return values;
}
