/** Which commands are small, and answered by little: several of them may share an entry of the log, and the limit of what one entry answers. */

const COMMAND_BYTES = 64;

/** About how many bytes it takes in the log. Infinity: it is no such command, or none at all; whoever judges commands has not seen it yet. */
export function smallWriteBytes(command: unknown): number {
  if (!Array.isArray(command)) return Number.POSITIVE_INFINITY;
  const [name, namespace, key, value, options] = command as unknown[];
  const isSmall = name === 'increment' || (name === 'put' && isAnsweredByLittle(options));
  if (!isSmall) return Number.POSITIVE_INFINITY;
  return lengthOf(namespace) + lengthOf(key) + lengthOf(value) + COMMAND_BYTES;
}

/** Of a put: not by what was there. */
function isAnsweredByLittle(options: unknown): boolean {
  if (options === undefined) return true;
  if (typeof options !== 'object' || options === null) return false;
  const { previous, ifAbsent, ifPresent } = options as Readonly<Record<string, unknown>>;
  return previous === undefined && ifAbsent === undefined && ifPresent === undefined;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return 3 * value.length;
  if (value instanceof Uint8Array) return value.length;
  return typeof value === 'object' && value !== null ? Number.POSITIVE_INFINITY : 8;
}
