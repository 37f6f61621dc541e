/** The one generator of seedrandom that we load (its own types describe only the package's front door). */
declare module 'seedrandom/lib/alea.js' {
  interface Generator {
    int32(): number;
  }
  const alea: (seed: string) => Generator;
  export default alea;
}
