/**
 * The log in memory, against its slow obvious twin: a plain array of all entries ever appended and not truncated, with every question answered
 * by looking through it. The core keeps a table of term runs, cached slices and digests besides; a random life must not tell the two apart.
 */
import type { Entry } from '@seedraft/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entrySize, Log } from '../../packages/core/src/log.ts';
import { entry } from './subject.ts';

class SlowLog {
  /** everything[i] is the entry at index i + 1, compacted ones included: an omniscient reader. */
  everything: Entry[] = [];
  base = 0;
  baseTerm = 0;

  get last(): number {
    return this.everything.length;
  }
  get held(): Entry[] {
    return this.everything.slice(this.base);
  }
  termAt(index: number): number | undefined {
    if (index === this.base) return this.baseTerm;
    if (index === 0) return 0;
    return index > this.base ? this.everything[index - 1]?.term : undefined;
  }
  entryAt(index: number): Entry | undefined {
    return index > this.base ? this.everything[index - 1] : undefined;
  }
  /** Where a log may still agree with one that has `term` at `index`: the nearest place at or before it with no later term. */
  hint(index: number, term: number): number {
    let at = Math.min(index, this.last);
    if (at < this.base) return at;
    while (at > this.base && this.termAt(at)! > term) at -= 1;
    if (at > this.base) return at;
    return this.baseTerm <= term ? this.base : Math.max(0, this.base - 1);
  }
  batchEnd(from: number, maxEntries: number, maxBytes: number): number {
    let to = from;
    const fits = (end: number) =>
      end <= this.last && end - from < maxEntries && this.size(from, end) <= maxBytes;
    while (fits(to + 1)) to += 1;
    return to;
  }
  size(from: number, to: number): number {
    return this.everything.slice(from - 1, to).reduce((sum, held) => sum + entrySize(held), 0);
  }
}

type Act =
  | {
      readonly type: 'append';
      readonly count: number;
      readonly rise: number;
      readonly shares: boolean;
    }
  | { readonly type: 'truncate'; readonly share: number }
  | { readonly type: 'compact'; readonly share: number }
  | { readonly type: 'reset'; readonly ahead: number; readonly rise: number };

const share = fc.integer({ min: 0, max: 100 });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 6 }),
      rise: fc.constantFrom(0, 0, 0, 1, 1, 3),
      shares: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('truncate' as const), share }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('compact' as const), share }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('reset' as const),
      ahead: fc.nat({ max: 5 }),
      rise: fc.nat({ max: 2 }),
    }),
  },
);

/** Does the same to both. */
function perform(log: Log, slow: SlowLog, step: Act): void {
  if (step.type === 'append') {
    const term = Math.max(1, log.lastTerm + step.rise);
    const added = Array.from({ length: step.count }, (_, i) => entry(slow.last + 1 + i, term));
    for (const one of added) log.append(one);
    if (step.shares) log.shareSlice(added);
    slow.everything.push(...added);
  } else if (step.type === 'truncate') {
    if (slow.last === slow.base) return;
    const index = slow.base + 1 + Math.floor((step.share * (slow.last - slow.base - 1)) / 100);
    log.truncateFrom(index);
    slow.everything.length = index - 1;
  } else if (step.type === 'compact') {
    const index = slow.base + Math.floor((step.share * (slow.last - slow.base)) / 100);
    slow.baseTerm = slow.termAt(index)!;
    log.compactTo(index);
    slow.base = index;
  } else {
    const index = slow.last + step.ahead;
    const term = log.lastTerm + step.rise;
    log.reset(index, term);
    while (slow.last < index) slow.everything.push(entry(slow.last + 1, term));
    slow.base = index;
    slow.baseTerm = term;
  }
}

/** Every question, to both; what they answer differently. One `expect` a step: there are thousands of questions. */
function compare(log: Log, slow: SlowLog): void {
  const wrong: string[] = [];
  const check = (question: string, answer: unknown, right: unknown) => {
    if (answer !== right) wrong.push(`${question} is ${String(answer)}, not ${String(right)}`);
  };
  check('firstIndex', log.firstIndex, slow.base + 1);
  check('lastIndex', log.lastIndex, slow.last);
  check('lastTerm', log.lastTerm, slow.termAt(slow.last));
  check('bytes', log.bytes, slow.size(slow.base + 1, slow.last));
  for (let index = 0; index <= slow.last + 2; index += 1) {
    check(`termAt(${index})`, log.termAt(index), slow.termAt(index));
    check(`entryAt(${index})`, log.entryAt(index), slow.entryAt(index));
    for (let term = 0; term <= log.lastTerm + 1; term += 1) {
      const hint = log.lastIndexWithTermAtMost(index, term);
      check(`lastIndexWithTermAtMost(${index}, ${term})`, hint, slow.hint(index, term));
    }
  }
  expect(wrong).toEqual([]);
}

describe('log', () => {
  it('answers like an array looked through, over any life', () => {
    const lives = fc.array(act, { minLength: 1, maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(lives, (life) => {
        const log = new Log(0, 0);
        const slow = new SlowLog();
        for (const step of life) {
          perform(log, slow, step);
          compare(log, slow);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('hands out slices that are right, and never change afterwards', () => {
    const asks = fc.option(fc.tuple(share, share));
    const lives = fc.array(fc.tuple(act, asks), { minLength: 1, maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(lives, (life) => {
        const log = new Log(0, 0);
        const slow = new SlowLog();
        const handedOut: { readonly slice: readonly Entry[]; readonly copy: readonly Entry[] }[] =
          [];
        let [from, to] = [1, 0];
        for (const [step, ask] of life) {
          perform(log, slow, step);
          if (ask !== null) {
            from = slow.base + 1 + Math.floor((ask[0] * (slow.last - slow.base)) / 100);
            to = from - 1 + Math.floor((ask[1] * (slow.last - from + 1)) / 100);
          }
          // Without a new question the old one again: a kept slice may not outlive what it was cut from.
          if (from <= slow.base || to > slow.last) continue;
          const slice = log.slice(from, to);
          expect(slice).toEqual(slow.everything.slice(from - 1, to));
          handedOut.push({ slice, copy: slice.slice() });
          expect(log.bytesBetween(from, to)).toBe(slow.size(from, to));
        }
        for (const { slice, copy } of handedOut) expect(slice).toEqual(copy);
      }),
      { numRuns: 200 },
    );
  });

  it('batches as many entries as fit, at least one', () => {
    const limits = fc.record({
      count: fc.integer({ min: 1, max: 8 }),
      bytes: fc.nat({ max: 500 }),
    });
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 12, size: 'max' }),
        limits,
        share,
        (life, most, at) => {
          const log = new Log(0, 0);
          const slow = new SlowLog();
          for (const step of life) perform(log, slow, step);
          fc.pre(slow.last > slow.base);
          const from = slow.base + 1 + Math.floor((at * (slow.last - slow.base - 1)) / 100);
          const end = log.batchEnd(from, most.count, most.bytes);
          expect(end).toBe(slow.batchEnd(from, most.count, most.bytes));
          expect(log.batchBytes).toBe(slow.size(from, end));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('digests by what it holds, however it came to hold it', () => {
    const lives = fc.array(fc.tuple(act, fc.boolean()), {
      minLength: 1,
      maxLength: 30,
      size: 'max',
    });
    fc.assert(
      fc.property(lives, (life) => {
        const log = new Log(0, 0);
        const slow = new SlowLog();
        for (const [step, look] of life) {
          perform(log, slow, step);
          // Digests are kept up incrementally from the last look: looking or not must make no difference.
          if (look) log.digest();
        }
        const fresh = new Log(slow.base, slow.baseTerm);
        for (const held of slow.held) fresh.append(held);
        expect(log.digest()).toEqual(fresh.digest());
        expect(log.copy().digest()).toEqual(fresh.digest());
        const last = slow.held.at(-1);
        if (last === undefined) return;
        fresh.truncateFrom(last.index);
        fresh.append({ ...last, checksum: last.checksum + 1 });
        expect(log.digest(), 'one bit less of it').not.toEqual(fresh.digest());
      }),
      { numRuns: 150 },
    );
  });
});
