/** What of mapping and loading users see; re-exported by the entry points. */
export { declarativeBase, DeclarativeBase, type BaseOptions } from "./mapping/base.ts";
export { one, many, hybrid, mixin, type RelationshipOptions } from "./mapping/specs.ts";
export type { Instance, Init, ModelClass, RelatedList, RelationshipAttribute } from "./mapping/typing.ts";
export { selectinload, joinedload, lazyload, LoadOption } from "./load/options.ts";
export type { SessionOptions } from "./session/sessionCore.ts";
