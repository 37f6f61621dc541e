/** How a process that serves is told to stop: by a signal, or by the end of whoever started it. */

export function untilToldToStop(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
      resolve('interrupted');
    };
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
    process.once('disconnect', stop);
  });
}
