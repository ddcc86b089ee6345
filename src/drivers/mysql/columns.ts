/**
 * What the drivers of MySQL and MariaDB tell of columns and generated keys, the same for both packages, so that the dialect's converters
 * need not know which it was.
 */
import type { DriverColumn } from "../../io/driver.ts";

/** Column types whose values are text or bytes; only the character set (63 is `binary`) tells which. */
const TEXT_OR_BYTES = new Set([15, 249, 250, 251, 252, 253, 254]);
const BINARY_CHARACTER_SET = 63;

/** The type code is the protocol's column type; text has `:text` after it, so that 252 alone is bytes. */
export function mysqlColumn(name: string, columnType: number, characterSet: number | undefined): DriverColumn {
  const isText = TEXT_OR_BYTES.has(columnType) && characterSet !== BINARY_CHARACTER_SET;
  return { name, typeCode: isText ? `${columnType}:text` : columnType };
}

/** The key as a number where it is exact; null where none was generated. */
export function generatedKey(id: number | bigint | string): number | bigint | null {
  const exact = Number.isSafeInteger(Number(id)) ? Number(id) : BigInt(id);
  return exact === 0 ? null : exact;
}
