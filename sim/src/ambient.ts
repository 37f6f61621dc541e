/**
 * While a run steps, nothing may ask the host for time, chance or a timer: whoever does would make two runs of one plan differ. The
 * ambient functions are replaced by ones that throw, and put back whatever happens. (A compiler that knows no host types and a lint say
 * the same of our code; this says it of a user's machine and of dependencies.)
 */

/** Thrown in place of an ambient answer. */
export class AmbientAccess extends Error {
  constructor(name: string) {
    super(`${name} was called during a simulated run: take time and chance from the run instead`);
    this.name = 'AmbientAccess';
  }
}

const TRAPPED: readonly (readonly [owner: string, name: string])[] = [
  ['Date', 'now'],
  ['', 'Date'],
  ['Math', 'random'],
  ['performance', 'now'],
  ['', 'setTimeout'],
  ['', 'setInterval'],
  ['', 'setImmediate'],
  ['', 'queueMicrotask'],
];

type Bag = Record<string, unknown>;

/** Runs `action` with the traps set; returns what it returns. May be nested. */
export function withoutAmbient<T>(action: () => T): T {
  const host = globalThis as unknown as Bag;
  const undo: (() => void)[] = [];
  for (const [owner, name] of TRAPPED) {
    const holder = (owner === '' ? host : host[owner]) as Bag | undefined;
    const original = holder?.[name];
    if (holder === undefined || typeof original !== 'function') continue;
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    const value = trapFor(owner === '' ? name : `${owner}.${name}`, original);
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
    undo.push(() => {
      if (descriptor === undefined) delete holder[name];
      else Object.defineProperty(holder, name, descriptor);
    });
  }
  try {
    return action();
  } finally {
    for (const restore of undo.reverse()) restore();
  }
}

/** Throws when called and when constructed; what it stands for keeps its static members (some of them traps by now). */
function trapFor(name: string, original: object): object {
  function trap(): never {
    throw new AmbientAccess(name);
  }
  return Object.setPrototypeOf(trap, original) as object;
}
