/** Exit codes, the same for every verb (README, "Exit codes"). A crash of the tool must never look like a finding. */
export const EXIT = {
  pass: 0,
  /** A safety rule or linearizability was violated. */
  safety: 10,
  /** A liveness rule was violated. */
  liveness: 11,
  /** The same seed gave different bytes. */
  nondeterminism: 12,
  /** Too many runs, or the one asked for, could not be judged. */
  inconclusive: 13,
  /** Something that should have been exercised never was. */
  vacuity: 14,
  usage: 64,
  internal: 70,
  interrupted: 130,
} as const;

/** A mistake of the user: says the place and what to do; ends with exit code 64. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
