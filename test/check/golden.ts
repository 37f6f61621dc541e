/** The golden histories: small stories with the verdict a person would give. Read by the tests and by the mutants. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { HistoryFormat } from '@seedraft/check';
import { HOUSE } from '../mutants/house.ts';

export interface Golden {
  readonly name: string;
  readonly story: string;
  /** As the model names itself. */
  readonly model: string;
  readonly expect: 'ok' | 'illegal';
  /** Event that invokes the blocking operation, where the file says so. */
  readonly blocking: number | null;
  readonly text: string;
  readonly format: HistoryFormat;
}

// From the sources: compiled programs read them too.
const folder = path.join(HOUSE, 'test/check/golden');

export function readGoldens(): Golden[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const text = readFileSync(path.join(folder, name), 'utf8');
      return name.endsWith('.edn') ? fromEdn(name, text) : fromJson(name, text);
    });
}

function fromEdn(name: string, text: string): Golden {
  const comments = text.split('\n').filter((line) => line.startsWith('; '));
  const header = (key: string) =>
    comments.find((line) => line.startsWith(`; ${key}: `))?.slice(key.length + 4);
  const story = comments.filter((line) => !/^; \w+: /.test(line)).map((line) => line.slice(2));
  const blocking = header('blocking');
  return {
    name,
    story: story.join(' '),
    model: header('model')!,
    expect: header('expect') as Golden['expect'],
    blocking: blocking === undefined ? null : Number(blocking),
    text,
    format: 'edn',
  };
}

function fromJson(name: string, text: string): Golden {
  const { story, model, expect, history } = JSON.parse(text) as Omit<Golden, 'name'> & {
    history: unknown;
  };
  return {
    name,
    story,
    model,
    expect,
    blocking: null,
    text: JSON.stringify(history),
    format: 'json',
  };
}
