/** Keys, and what the buttons of the same names do. */
import { useLayoutEffect } from 'preact/hooks';

export interface Doing {
  readonly move: (rows: number) => void;
  /** To the next or the one before, of what is of interest. */
  readonly leap: (direction: 1 | -1) => void;
  readonly violation: () => void;
  readonly ends: (end: 'first' | 'last') => void;
  readonly filter: () => void;
  readonly light: () => void;
  readonly run: () => void;
  readonly help: () => void;
  readonly close: () => void;
}

/** For the page of help. */
export const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['↓ →', 'next event'],
  ['↑ ←', 'event before'],
  ['Page Down, Page Up', 'twenty events on, or back'],
  ['n, p', 'next, or previous, event of interest: faults, crashes, whatever changed course'],
  ['v', 'the violation'],
  ['Home, End', 'first, or last, event'],
  ['f', 'show all events, those that the violation follows from, or only what mattered'],
  ['c', 'light up the causal past of the violation, or not'],
  ['t', 'the other run: raw, or shrunk'],
  ['?', 'this page'],
];

const PAGE = 20;

function actionOf(key: string, doing: Doing): (() => unknown) | null {
  switch (key) {
    case 'ArrowDown':
    case 'ArrowRight':
      return () => doing.move(1);
    case 'ArrowUp':
    case 'ArrowLeft':
      return () => doing.move(-1);
    case 'PageDown':
      return () => doing.move(PAGE);
    case 'PageUp':
      return () => doing.move(-PAGE);
    case 'Home':
      return () => doing.ends('first');
    case 'End':
      return () => doing.ends('last');
    case 'n':
      return () => doing.leap(1);
    case 'p':
      return () => doing.leap(-1);
    case 'v':
      return doing.violation;
    case 'f':
      return doing.filter;
    case 'c':
      return doing.light;
    case 't':
      return doing.run;
    case '?':
      return doing.help;
    case 'Escape':
      return doing.close;
    default:
      return null;
  }
}

/** Everywhere on the page: what a focused control would do with these keys is what they do anyway. */
export function useKeys(doing: Doing): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const action = actionOf(event.key, doing);
      if (action === null) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [doing]);
}
