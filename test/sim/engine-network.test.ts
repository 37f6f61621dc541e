/** The simulated network alone: order, loss, blocks, clogs, capacity, healing, damage to bytes, and that draws are keyed per link. */
import { fc, test as property } from '@fast-check/vitest';
import type { PeerMessage } from '@seedraft/core';
import { EventQueue, type Flight, Network, type NetworkKnobs, Randomness } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';

const CALM: NetworkKnobs = {
  latency: { distribution: 'exponential', minimum: 200, mean: 5_000 },
  asymmetry: 1_000_000,
  drop: 0,
  duplicate: 0,
  reorder: 0,
  reorderWindow: 0,
  corrupt: 0,
  truncate: 0,
  capacity: 64,
};

const END = 1e15;

interface Arrival {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

/** A network with three members and nothing else: what is sent at which time, what arrives when. */
function bench(
  knobs: Partial<NetworkKnobs>,
  bytes = false,
  root: [number, number, number, number] = [1, 2, 3, 4],
) {
  const queue = new EventQueue();
  const host = {
    now: 0,
    launch: (flight: Flight, at: number) => queue.push(at, 0, 0, 0, flight),
  };
  const network = new Network(host, new Randomness(root), { ...CALM, ...knobs }, 1, bytes);
  for (const id of [1, 2, 3]) network.addMember(id);
  const arrivals: Arrival[] = [];
  const runTo = (time: number): void => {
    while (queue.nextTime <= time) {
      queue.pop();
      host.now = queue.time;
      const flight = queue.item as Flight;
      if (!network.arrive(flight)) continue;
      const { from, to, term } = flight.message as PeerMessage;
      arrivals.push({ at: host.now, from, to, term });
      network.recycle(flight);
    }
    host.now = Math.max(host.now, time === END ? host.now : time);
  };
  const send = (from: number, to: number, term: number): void =>
    network.sendPeer(from, 'incarnation', { type: 'TimeoutNow', from, to, term });
  return { network, arrivals, runTo, send };
}

const terms = (arrivals: readonly Arrival[]): number[] => arrivals.map(({ term }) => term);

describe('links', () => {
  property.prop([fc.array(fc.nat(3_000), { maxLength: 60 })])(
    'are FIFO and lose nothing while calm',
    (gaps) => {
      const { arrivals, runTo, send } = bench({ capacity: 1000 });
      let time = 0;
      gaps.forEach((gap, n) => {
        time += gap;
        runTo(time);
        send(1, 2, n);
      });
      runTo(END);
      expect(terms(arrivals)).toEqual(gaps.map((_, n) => n));
    },
  );

  it('overtake when told to, lose and repeat in about the asked share', () => {
    const { network, arrivals, runTo, send } = bench({
      drop: 100_000,
      duplicate: 200_000,
      reorder: 300_000,
      reorderWindow: 50_000,
      capacity: 10_000,
    });
    for (let n = 0; n < 5000; n += 1) {
      runTo(n * 1000);
      send(1, 2, n);
    }
    runTo(END);
    const distinct = new Set(terms(arrivals));
    expect(distinct.size).toBeGreaterThan(4300);
    expect(distinct.size).toBeLessThan(4700);
    expect(network.counts.duplicated).toBeGreaterThan(800);
    expect(network.counts.duplicated).toBeLessThan(1000);
    expect(arrivals.length).toBe(distinct.size + network.counts.duplicated);
    const overtaken = arrivals.filter(({ term }, n) => n > 0 && term < arrivals[n - 1]!.term);
    expect(overtaken.length).toBeGreaterThan(500);
  });

  it('draws of one link do not depend on what others carry, nor on other faults', () => {
    const alone = bench({ drop: 200_000 });
    const busy = bench({ drop: 200_000 });
    for (let n = 0; n < 200; n += 1) {
      alone.runTo(n * 10_000);
      busy.runTo(n * 10_000);
      if (n % 3 === 0) busy.send(2, 1, n);
      busy.send(1, 3, n);
      alone.send(1, 2, n);
      busy.send(1, 2, n);
    }
    alone.runTo(END);
    busy.runTo(END);
    const theirs = busy.arrivals.filter(({ from, to }) => from === 1 && to === 2);
    expect(theirs).toEqual(alone.arrivals);
  });

  it('evict a random message when full', () => {
    const { network, arrivals, runTo, send } = bench({ capacity: 4 });
    for (let n = 0; n < 100; n += 1) send(1, 2, n);
    runTo(END);
    expect(arrivals.length).toBe(4);
    expect(network.counts.evicted).toBe(96);
    // Not simply the newest or the oldest.
    expect(terms(arrivals)).not.toEqual([96, 97, 98, 99]);
    expect(terms(arrivals)).not.toEqual([0, 1, 2, 3]);
  });

  it('differ in speed by direction when asymmetric', () => {
    const times = [1, 2, 3, 4, 5].map((seed) => {
      const { arrivals, runTo, send } = bench(
        { asymmetry: 8_000_000, latency: { distribution: 'uniform', minimum: 1000, mean: 1000 } },
        false,
        [seed, 0, 0, 0],
      );
      send(1, 2, 0);
      send(2, 1, 1);
      runTo(END);
      return arrivals.map(({ at }) => at);
    });
    for (const [one, other] of times) {
      expect(one).toBeGreaterThanOrEqual(125);
      expect(other).toBeLessThanOrEqual(8000);
    }
    expect(new Set(times.flat()).size).toBeGreaterThan(5);
  });
});

describe('faults on links', () => {
  it('a block is one-way, stacks, may be for one type, and takes what would arrive meanwhile', () => {
    const { network, arrivals, runTo, send } = bench({});
    send(1, 2, 0);
    const first = network.block(1, 2, undefined);
    const second = network.block(1, 2, ['TimeoutNow']);
    send(1, 2, 1);
    send(2, 1, 2);
    runTo(1_000_000);
    expect(terms(arrivals)).toEqual([2]);
    first();
    first();
    send(1, 2, 3);
    runTo(2_000_000);
    expect(terms(arrivals)).toEqual([2]);
    second();
    send(1, 2, 4);
    runTo(3_000_000);
    expect(terms(arrivals)).toEqual([2, 4]);
  });

  it('a clog holds and then flushes in order', () => {
    const { network, arrivals, runTo, send } = bench({});
    const release = network.clog(1, 2);
    for (let n = 0; n < 10; n += 1) send(1, 2, n);
    runTo(500_000);
    expect(arrivals).toEqual([]);
    release();
    runTo(500_000);
    expect(terms(arrivals)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('overrides stack and are undone in any order', () => {
    const { network, arrivals, runTo, send } = bench({});
    const all = network.tune(null, null, { drop: 1_000_000 });
    const one = network.tune(1, 2, { drop: 0 });
    send(1, 2, 0);
    send(2, 1, 1);
    runTo(1_000_000);
    expect(terms(arrivals)).toEqual([0]);
    one();
    send(1, 2, 2);
    all();
    send(1, 2, 3);
    runTo(2_000_000);
    expect(terms(arrivals)).toEqual([0, 3]);
  });

  it('healing overrides blocks, clogs and knobs for good, among those named only', () => {
    const { network, arrivals, runTo, send } = bench({ drop: 1_000_000 });
    network.block(1, 2, undefined);
    network.clog(2, 1);
    network.heal([1, 2], 1000);
    network.block(2, 1, undefined);
    network.tune(null, null, { drop: 1_000_000 });
    for (let n = 0; n < 5; n += 1) {
      send(1, 2, n);
      send(2, 1, n);
      send(1, 3, n);
    }
    runTo(1_000_000);
    expect(arrivals.length).toBe(10);
    expect(arrivals.every(({ at, to }) => at <= 1000 && at >= 500 && to !== 3)).toBe(true);
  });
});

describe('damage', () => {
  it('is found by the production decoder, and only damage is refused', () => {
    const { network, arrivals, runTo, send } = bench(
      { corrupt: 300_000, truncate: 200_000, capacity: 10_000 },
      true,
    );
    for (let n = 0; n < 2000; n += 1) send(1, 2, n);
    runTo(END);
    expect(network.counts.corrupted).toBeGreaterThan(500);
    expect(network.counts.truncated).toBeGreaterThan(300);
    expect(arrivals.length).toBe(2000 - network.counts.refused);
    expect(network.counts.refused).toBeGreaterThan(700);
  });

  it('without bytes is a loss', () => {
    const { network, arrivals, runTo, send } = bench({ corrupt: 1_000_000 }, false);
    send(1, 2, 0);
    runTo(END);
    expect(arrivals).toEqual([]);
    expect(network.counts.corrupted).toBe(1);
  });
});
