/** One message: an arrow from lane to lane. A lost one stops halfway, crossed; dashes are answers. */
import type { PlacedLetter } from '../model/layout.ts';
import { type Geometry, middleOf } from './geometry.ts';
import { type Tell, telling } from './tooltip.tsx';
import { fateText, isReply, messageTitle } from './words.ts';

interface Props {
  readonly letter: PlacedLetter;
  readonly geometry: Geometry;
  /** See hueOf. */
  readonly hue: string;
  /** Sent or taken at the moment. */
  readonly isNow: boolean;
  readonly tell: Tell;
  readonly onPin: () => void;
}

/** How far a lost message gets. */
const LOST_AFTER = 0.55;
/** Room for the mark of an event. */
const GAP = 6;
const HEAD = 7;

export function Letter({ letter, geometry, hue, isNow, tell, onPin }: Props) {
  const { message, from, to, fate, isPast } = letter;
  const start = { x: geometry.x(message.from), y: middleOf(from) };
  const goal = { x: geometry.x(message.to), y: middleOf(to) };
  const isStub = fate !== 'delivered' && to === from + 1;
  const end = isStub ? between(start, goal, LOST_AFTER) : between(start, goal, 1, GAP);
  const line = `M${start.x} ${start.y}L${round(end.x)} ${round(end.y)}`;
  const classes = [
    'letter',
    hue,
    fate,
    isReply(message) && 'reply',
    isPast && 'past',
    isNow && 'now',
    message.isCopy && 'copy',
  ];
  const lines = [message.detail, fateText(message)].filter((text) => text !== '');
  return (
    <g class={classes.filter(Boolean).join(' ')} data-type={message.type}>
      <path class="line" d={line} />
      {fate === 'delivered' && <path class="head" d={headAt(start, end)} />}
      {fate === 'lost' && <path class="cross" d={crossAt(end)} />}
      {fate === 'flying' && <circle class="open" cx={end.x} cy={end.y} r="3" />}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the same is in the panel, as buttons. */}
      <path class="hit" d={line} onClick={onPin} {...telling(tell, messageTitle(message), lines)} />
    </g>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const round = (n: number): number => Math.round(n * 10) / 10;

/** The point at `share` of the way, less `gap` pixels. */
function between(start: Point, goal: Point, share: number, gap = 0): Point {
  const [dx, dy] = [goal.x - start.x, goal.y - start.y];
  const length = Math.hypot(dx, dy) || 1;
  const part = Math.max(0, (length * share - gap) / length);
  return { x: start.x + dx * part, y: start.y + dy * part };
}

function headAt(start: Point, end: Point): string {
  const length = Math.hypot(end.x - start.x, end.y - start.y) || 1;
  const [ux, uy] = [(end.x - start.x) / length, (end.y - start.y) / length];
  const [bx, by] = [end.x - ux * HEAD, end.y - uy * HEAD];
  const [wx, wy] = [-uy * 3.2, ux * 3.2];
  return `M${round(end.x)} ${round(end.y)}L${round(bx + wx)} ${round(by + wy)}L${round(bx - wx)} ${round(by - wy)}Z`;
}

function crossAt({ x, y }: Point): string {
  const [left, right, top, low] = [x - 4.5, x + 4.5, y - 4.5, y + 4.5].map(round);
  return `M${left} ${top}L${right} ${low}M${left} ${low}L${right} ${top}`;
}
