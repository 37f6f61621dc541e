// Only what biome cannot say: typed rules, and the purity of the pure rooms. Formatting and ordinary lint are biome's.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const PURE = [
  'packages/core/src/**/*.ts',
  'packages/codec/src/**/*.ts',
  'packages/replica/src/**/*.ts',
  'packages/kv/src/**/*.ts',
  'packages/check/src/**/*.ts',
  'packages/wire/src/**/*.ts',
  'packages/store/src/**/*.ts',
  'packages/client/src/engine/**/*.ts',
  'sim/src/**/*.ts',
];

const ambient = (name, instead) => ({ name, message: `A pure room has no ${name}: ${instead}.` });
const property = (object, name, instead) => ({
  object,
  property: name,
  message: `A pure room has no ${object}.${name}: ${instead}.`,
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**'] },
  {
    basePath: root,
    files: ['packages/*/src/**/*.{ts,tsx}', 'sim/src/**/*.ts', 'test/**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: root },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    basePath: root,
    files: PURE,
    // The engine over real files is a driver, not logic.
    ignores: ['packages/store/src/level/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ambient('Date', 'time enters as `at`'),
        ambient('performance', 'time enters as `at`'),
        ambient('Promise', 'ports are completion-style'),
        ambient('queueMicrotask', 'ports are completion-style'),
        ambient('setTimeout', 'the driver owns timers'),
        ambient('setInterval', 'the driver owns timers'),
        ambient('setImmediate', 'the driver owns timers'),
        ambient('crypto', 'randomness comes from the recorded seed'),
        ambient('process', 'there is no host here'),
        ambient('console', 'observers and tracers write'),
        ambient('fetch', 'transports do I/O'),
        ambient('WeakRef', 'collection is not deterministic'),
        ambient('FinalizationRegistry', 'collection is not deterministic'),
      ],
      'no-restricted-properties': [
        'error',
        property('Math', 'random', 'randomness comes from the recorded seed'),
        ...[
          'log',
          'log2',
          'log10',
          'log1p',
          'exp',
          'expm1',
          'sin',
          'cos',
          'tan',
          'pow',
          'cbrt',
        ].map((name) => property('Math', name, 'its last bits are defined by the engine')),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'AwaitExpression', message: 'A pure room is synchronous.' },
        { selector: ':function[async=true]', message: 'A pure room is synchronous.' },
        {
          selector: 'ForInStatement',
          message: 'for-in order is an accident: iterate a sorted list.',
        },
        {
          selector: 'BinaryExpression[operator="**"]',
          message: 'Its last bits are defined by the engine.',
        },
      ],
    },
  },
);
