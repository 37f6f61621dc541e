/** What the compiler says of files with bugs planted in them, each from memory: nothing is written. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { HOUSE } from './house.ts';
import { applyMutant, type Planted, patchesOf } from './mutant.ts';

const filesOf = (planted: Planted): string[] => [
  ...new Set(patchesOf(planted).map(({ file }) => path.join(HOUSE, file))),
];

export class TypeChecker {
  /** All files that any of the bugs changes. */
  readonly #files: readonly string[];
  readonly #patched = new Map<string, { readonly text: string; readonly version: string }>();
  readonly #service: ts.LanguageService;
  #versions = 0;

  constructor(bugs: readonly Planted[]) {
    this.#files = [...new Set(bugs.flatMap(filesOf))];
    this.#service = ts.createLanguageService(this.#host());
  }

  /** In the files that the bug changes, in the form `file: message`; null: in all files, as they are. */
  errorsWith(planted: Planted | null): string[] {
    this.#patched.clear();
    const files = planted === null ? this.#files : filesOf(planted);
    for (const file of planted === null ? [] : files) {
      const inHouse = path.relative(HOUSE, file).replaceAll(path.sep, '/');
      const text = applyMutant(planted as Planted, inHouse, readFileSync(file, 'utf8'));
      this.#patched.set(file, { text, version: String(++this.#versions) });
    }
    return files.flatMap((file) =>
      [
        ...this.#service.getSyntacticDiagnostics(file),
        ...this.#service.getSemanticDiagnostics(file),
      ].map(({ messageText }) => `${file}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
    );
  }

  #host(): ts.LanguageServiceHost {
    const { sys } = ts;
    const text = readFileSync(path.join(HOUSE, 'tsconfig.json'), 'utf8');
    const { compilerOptions } = JSON.parse(text) as { compilerOptions: object };
    const alone = { ...compilerOptions, composite: false, noEmit: true };
    const { options } = ts.convertCompilerOptionsFromJson(alone, HOUSE);
    const textOf = (file: string): string | undefined =>
      this.#patched.get(file)?.text ?? sys.readFile(file);
    return {
      getCompilationSettings: () => options,
      getScriptFileNames: () => [...this.#files],
      getScriptVersion: (file) => this.#patched.get(file)?.version ?? '0',
      getScriptSnapshot: (file) => {
        const found = textOf(file);
        return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found);
      },
      getCurrentDirectory: () => HOUSE,
      getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
      fileExists: sys.fileExists,
      readFile: sys.readFile,
      directoryExists: sys.directoryExists,
      getDirectories: sys.getDirectories,
    };
  }
}
