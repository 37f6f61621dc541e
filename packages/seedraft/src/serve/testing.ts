/** Routes for tests and demonstrations: a member that others cannot hear, nor hears them, while its ports go on answering. */
import type { TestingControls } from '@seedraft/api';
import type { RunningNode } from '@seedraft/node';

/** `node`: null while there is none. */
export function testingControls(node: () => RunningNode | null): TestingControls {
  let isUp = true;
  const take = async (part: boolean): Promise<void> => {
    isUp = part;
    node()?.takePart(part);
  };
  return { stop: () => take(false), start: () => take(true), isUp: () => isUp };
}
