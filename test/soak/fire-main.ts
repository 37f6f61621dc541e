/** fire.ts in a process of its own, so that whoever measures is not kept waiting by it: its options as JSON in argv, how it goes and what came of it as messages. */
import { type FireOptions, fire } from './fire.ts';

export type FireMessage =
  | { readonly type: 'progress'; readonly fired: number }
  | { readonly type: 'end'; readonly verdicts: Readonly<Record<string, number>> };

const PROGRESS_MS = 10_000;

const tell = (message: FireMessage): void => void process.send?.(message);
const options = JSON.parse(process.argv[2] ?? '{}') as FireOptions;
let fired = 0;
const timer = setInterval(() => tell({ type: 'progress', fired }), PROGRESS_MS);
const verdicts = await fire({
  ...options,
  onVerdict: () => {
    fired += 1;
  },
});
clearInterval(timer);
tell({ type: 'end', verdicts: Object.fromEntries(verdicts) });
process.disconnect();
