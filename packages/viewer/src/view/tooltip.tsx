/** What the mouse is over, in full. */
import { px } from './words.ts';

export interface Told {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly lines: readonly string[];
}

export type Tell = (told: Told | null) => void;

/** Handlers for anything that tells of itself. */
export function telling(tell: Tell, title: string, lines: readonly string[]) {
  return {
    onMouseMove: ({ clientX: x, clientY: y }: MouseEvent) => tell({ x, y, title, lines }),
    onMouseLeave: () => tell(null),
  };
}

const WIDTH = 420;

export function Tooltip({ told }: { readonly told: Told }) {
  const left = Math.max(4, Math.min(told.x + 14, innerWidth - WIDTH - 8));
  const isLow = told.y > innerHeight * 0.7;
  const place = isLow ? { bottom: px(innerHeight - told.y + 10) } : { top: px(told.y + 14) };
  return (
    <div class="tooltip" role="tooltip" style={{ left: px(left), maxWidth: px(WIDTH), ...place }}>
      <b>{told.title}</b>
      {told.lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  );
}
