/** Exit codes, the same for every verb. A crash of the tool must never look like a finding. */
export const EXIT = {
  pass: 0,
  /** The answer is no. */
  missing: 1,
  safety: 10,
  liveness: 11,
  nondeterminism: 12,
  inconclusive: 13,
  vacuity: 14,
  unfinished: 15,
  usage: 64,
  refused: 69,
  internal: 70,
  interrupted: 130,
} as const;

/** In the words of --help. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.pass, 'passed'],
  [
    EXIT.missing,
    'the answer is no: no such key, not as expected, nobody leads, not a whole backup',
  ],
  [EXIT.safety, 'a safety rule or linearizability was violated'],
  [EXIT.liveness, 'a liveness rule was violated'],
  [EXIT.nondeterminism, 'the same run gave other events'],
  [EXIT.inconclusive, 'the run, or more than 5 % of the runs, could not be judged'],
  [EXIT.vacuity, 'something that should have been exercised never occurred'],
  [EXIT.unfinished, 'a run did not end in the time that one may take (fuzz --unit-timeout)'],
  [EXIT.usage, 'a mistake in the arguments or in a file; nothing was run or written'],
  [
    EXIT.refused,
    'the cluster, or the store of backups, could not be reached or refused; or what passed could not be written',
  ],
  [EXIT.internal, 'seedraft itself failed; not a finding'],
  [EXIT.interrupted, 'interrupted, with a partial summary'],
];

/** A mistake of the user: says the place and what to do; ends with exit code 64. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
