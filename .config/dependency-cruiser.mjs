// The one-way rule (the map of the house in README.md): what is absent from ALLOWED is forbidden.
const ALLOWED = {
  core: [],
  codec: [],
  check: [],
  replica: ['core', 'codec'],
  kv: ['replica', 'codec'],
  wire: ['core', 'replica', 'codec'],
  store: ['core', 'replica', 'codec'],
  node: ['core', 'replica', 'store', 'wire', 'codec'],
  client: ['core', 'codec', 'replica', 'kv', 'wire'],
  api: ['replica', 'kv', 'wire'],
  sim: ['core', 'codec', 'replica', 'kv', 'check', 'wire', 'store'],
  viewer: ['core', 'replica', 'kv', 'check', 'sim'],
  seedraft: [
    'core',
    'codec',
    'replica',
    'kv',
    'check',
    'wire',
    'store',
    'sim',
    'node',
    'client',
    'api',
    'viewer',
  ],
};
/** npm packages a room may import; whatever is not named here is forbidden. */
const PACKAGES = {
  sim: ['seedrandom', 'zod'],
  store: ['classic-level'],
  viewer: ['preact'],
  // Sockets are in what these say of themselves, so their users need the types too.
  api: ['@types/node', 'ws'],
  client: ['@types/node'],
  node: ['@types/node'],
  seedraft: [
    '@aws-sdk/client-s3',
    'cli-progress',
    'commander',
    'esbuild',
    'fast-check',
    'picocolors',
    'pino',
    'piscina',
    'prom-client',
    'vitest',
    'xmlbuilder',
    'yaml',
    'zod',
  ],
};
/** The one part of a pure room that is not: the store's engine over real files. */
const LEVEL = 'packages/store/src/level/';
const folder = (room) => (room === 'sim' ? 'sim/' : `packages/${room}/`);
const rooms = Object.keys(ALLOWED);

export default {
  forbidden: [
    ...rooms
      .filter((room) => ALLOWED[room].length < rooms.length - 1)
      .map((room) => ({
        name: `${room}-imports`,
        comment: `${room} may import only: ${ALLOWED[room].join(', ') || 'nothing'}`,
        severity: 'error',
        from: { path: `^${folder(room)}` },
        to: {
          path: rooms
            .filter((other) => other !== room && !ALLOWED[room].includes(other))
            .map((other) => `^${folder(other)}`),
        },
      })),
    ...rooms.map((room) => ({
      name: `${room}-packages`,
      comment: `${room} may use only these packages: ${(PACKAGES[room] ?? []).join(', ') || 'none'}`,
      severity: 'error',
      from: { path: `^${folder(room)}src/` },
      to: {
        dependencyTypes: [
          'npm',
          'npm-dev',
          'npm-optional',
          'npm-peer',
          'npm-no-pkg',
          'npm-unknown',
        ],
        ...(PACKAGES[room] && { pathNot: PACKAGES[room].map((name) => `node_modules/${name}/`) }),
      },
    })),
    {
      name: 'types-only',
      comment: 'kv and wire know the replica by its types alone',
      severity: 'error',
      from: { path: '^packages/(kv|wire)/' },
      to: { path: '^packages/replica/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-types-only',
      comment: 'a client carries neither the core nor a state machine with it',
      severity: 'error',
      from: { path: '^packages/client/' },
      to: { path: '^packages/(core|replica|kv)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'viewer-types-only',
      comment:
        'the page is built before and carried as a file: the command knows the shape of a report',
      severity: 'error',
      from: { path: '^packages/seedraft/' },
      to: { path: '^packages/viewer/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-engine',
      comment: 'the engine is pure and knows nothing of what drives it',
      severity: 'error',
      from: { path: '^packages/client/src/engine/' },
      to: { path: '^packages/client/src/[^/]+$' },
    },
    {
      name: 'pure-rooms-no-node',
      severity: 'error',
      from: {
        path: '^(sim|packages/(core|codec|replica|kv|check|wire|store))/src/|^packages/client/src/engine/',
        pathNot: `^${LEVEL}`,
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'level-is-a-driver',
      comment:
        "only what drives real files may know the engine over them: neither the store's logic nor any pure room",
      severity: 'error',
      from: {
        path: '^(sim|packages/(core|codec|replica|kv|check|wire|store))/',
        pathNot: `^${LEVEL}`,
      },
      to: { path: [`^${LEVEL}`, 'node_modules/classic-level/'] },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'not-to-tests',
      severity: 'error',
      from: { path: '^(sim|packages)/' },
      to: { path: '^test/' },
    },
    { name: 'resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['^(sim|test|packages/[^/]+)/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['@seedraft/source', 'import', 'types', 'default'],
      exportsFields: ['exports'],
    },
  },
};
