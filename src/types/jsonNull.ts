/**
 * JSON's null, as opposed to SQL's NULL: what a JSON column holds whose content is the JSON text `null`. SQLAlchemy: JSON.NULL.
 */

/** Binds as the JSON text `null`, and is what reading it gives; `JSON.stringify` writes it as null. SQL NULL is plain `null`. */
export const JSON_NULL: { toJSON(): null } = Object.freeze({
  toJSON(): null {
    return null;
  },
});
