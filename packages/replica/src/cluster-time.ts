/**
 * Cluster time: one clock for the whole cluster, kept by the log (dissertation 6.3, expiry of sessions). Entries bear a stamp, and an
 * applied stamp is the only thing that moves the time forward; so every member, whenever it applies, sees the same times.
 *
 * A stamp is the last applied cluster time plus the own clock's elapsed time since. `at` itself never enters a stamp: it is private to a
 * member, and after a change of leader everything would expire at once, or never.
 * Kept: the applied time never goes backwards, whatever the stamps, clocks and leaders.
 */
export class ClusterTime {
  /** Milliseconds at the last applied entry. */
  now = 0;
  /** The estimate was `#anchorTime` when the own clock showed `#anchorAt`. */
  #anchorTime = 0;
  #anchorAt: number;

  constructor(at: number) {
    this.#anchorAt = at;
  }

  /** What to stamp on an entry proposed at own time `at`. */
  stamp(at: number): number {
    return this.#anchorTime + (at - this.#anchorAt);
  }

  /**
   * An entry stamped `stamp` is applied at own time `at`. A leader keeps its running clock, for it would otherwise lose the time between
   * stamp and apply once per round, and stand still under a closed loop of requests; everyone else takes each applied stamp as "now".
   */
  advance(stamp: number, at: number, leading: boolean): void {
    this.now = Math.max(this.now, stamp);
    if (!leading || this.stamp(at) < this.now) this.#anchor(at);
  }

  /** A snapshot says what the time was. */
  restore(time: number, at: number): void {
    this.now = time;
    this.#anchor(at);
  }

  /** The own clock's reading at which a stamp reaches `deadline`. */
  dueAt(deadline: number): number {
    return this.#anchorAt + (deadline - this.#anchorTime);
  }

  #anchor(at: number): void {
    this.#anchorTime = this.now;
    this.#anchorAt = at;
  }
}
