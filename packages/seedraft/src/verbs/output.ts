/** Where verbs write: results on stdout, everything else on stderr. */
export const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
