import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the house, from compiled or source position alike. */
export const HOUSE = (() => {
  const here = path.dirname(fileURLToPath(import.meta.url));
  return here.slice(0, here.lastIndexOf(`${path.sep}test${path.sep}`));
})();
