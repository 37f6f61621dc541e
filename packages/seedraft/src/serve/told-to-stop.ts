/** How a process that serves is told to stop: by a signal, or by the end of whoever started it. */

export interface ToldToStop {
  /** For what is still starting. */
  readonly signal: AbortSignal;
  /** For what runs. */
  readonly told: Promise<'interrupted'>;
}

export function listenForStop(): ToldToStop {
  const controller = new AbortController();
  const told = new Promise<'interrupted'>((resolve) => {
    const stop = (): void => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
      controller.abort();
      resolve('interrupted');
    };
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
    process.once('disconnect', stop);
  });
  return { signal: controller.signal, told };
}
