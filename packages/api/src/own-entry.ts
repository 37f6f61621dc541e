/** What a table has under a name that a stranger sent. What every object inherits (`toString`, `__proto__`) is no entry of it. */
export function ownEntry<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
