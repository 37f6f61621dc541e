/** Pixels: where rows, lanes and faults stand. The one place that knows sizes of the picture. */
import { barColumns, type PlacedFault } from '../model/faults.ts';
import type { Layout, Row } from '../model/layout.ts';
import { type PlacedOperation, placedOperations } from '../model/operations.ts';
import type { RunModel } from '../model/run-model.ts';

export const ROW = 22;
/** Half the width of a member's band. */
export const HALF_BAND = 11;

const NUMBERS = 122;
const FAULT_WIDTH = 9;
const LEAST_TEXT = 380;
const NARROW = 92;
const LANE = { least: 40, most: 104 } as const;

export interface Geometry {
  readonly faults: readonly PlacedFault[];
  readonly operations: readonly PlacedOperation[];
  readonly laneWidth: number;
  /** No room for words between lanes. */
  readonly isNarrow: boolean;
  /** Where the text of a row begins. */
  readonly textFrom: number;
  /** The middle of an endpoint's lane; the world's is among the faults. */
  x(endpoint: string): number;
  faultX(column: number): number;
}

/** Lanes share what the text leaves them. */
export function geometryOf(model: RunModel, width: number): Geometry {
  const { lanes } = model;
  const faults = barColumns(model);
  const columns = 1 + Math.max(0, ...faults.map(({ column }) => column));
  const lanesFrom = NUMBERS + columns * FAULT_WIDTH + 10;
  const share = (width - lanesFrom - LEAST_TEXT) / Math.max(1, lanes.length);
  const laneWidth = Math.max(LANE.least, Math.min(LANE.most, share));
  const middle = new Map(
    lanes.map(({ name }, n) => [name, lanesFrom + laneWidth * (n + 0.5)] as const),
  );
  const faultX = (column: number) => NUMBERS + column * FAULT_WIDTH;
  return {
    faults,
    operations: placedOperations(model),
    laneWidth,
    isNarrow: laneWidth < NARROW,
    textFrom: lanesFrom + laneWidth * lanes.length + 8,
    x: (endpoint) => middle.get(endpoint) ?? NUMBERS + 3,
    faultX,
  };
}

export const middleOf = (row: Row): number => row * ROW + ROW / 2;

export const heightOf = ({ rows }: Layout): number => rows.length * ROW;
