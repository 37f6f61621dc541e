/** Ctrl-C and termination: the first asks for a partial result, the second (the handlers are gone by then) ends the process. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs the action with a signal that an interruption aborts. */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const release = (): void => {
    for (const name of SIGNALS) process.removeListener(name, interrupt);
  };
  const interrupt = (): void => {
    release();
    abort.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await action(abort.signal);
  } finally {
    release();
  }
}
