/** Why a data directory cannot be used, as a value: a code for programs and a sentence that says what to do. */

export type RefusalCode =
  /** Another process (or this one) has it open. */
  | 'DIRECTORY_LOCKED'
  /** What this member may have answered for is not proven any more. */
  | 'DIRECTORY_DAMAGED'
  /** Written by a newer version. */
  | 'FORMAT_NEWER'
  /** It belongs to another member than asked for, or its parts to different ones. */
  | 'IDENTITY_MISMATCH'
  /** The operating system refuses: permissions, a file where a directory should be, a full or broken disk. */
  | 'DIRECTORY_UNUSABLE'
  /** A member lives there already: nothing is ever made over it. */
  | 'DIRECTORY_NOT_EMPTY'
  /** No member is there, or one that never held anything. */
  | 'DIRECTORY_EMPTY'
  /** A file is there already, and may be all that somebody has. */
  | 'FILE_EXISTS'
  /** The operating system refuses, as for directories. */
  | 'FILE_UNUSABLE'
  /** Another kind of file. */
  | 'NOT_A_BACKUP'
  /** Cut short, or not the bytes that were written. */
  | 'BACKUP_DAMAGED';

export interface Refused {
  readonly outcome: 'refused';
  readonly code: RefusalCode;
  readonly sentence: string;
}

export function refused(code: RefusalCode, sentence: string): Refused {
  return { outcome: 'refused', code, sentence };
}

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'grant this user access to it',
  EPERM: 'grant this user access to it',
  EROFS: 'mount its file system for writing',
  ENOTDIR: 'name a directory',
  EEXIST: 'name a directory',
  ENOSPC: 'free space on that disk',
  EDQUOT: 'raise the quota or free space',
  EIO: 'its device fails: replace it, then start as a new member',
  EMFILE: 'raise the limit of open files',
  ENFILE: 'raise the limit of open files',
};

/** Errors of the operating system and of LevelDB as refusals; anything else is a bug of ours and is thrown on. */
export function refusalOf(thrown: unknown, directory: string): Refused {
  const code = codeOf(thrown);
  if (code === null || !(thrown instanceof Error)) throw thrown;
  const { message } = thrown;
  if (code === 'LEVEL_LOCKED') return lockedRefusal(directory);
  if (code === 'LEVEL_CORRUPTION') {
    // Verified just before: memory or device give other bytes each time.
    const sentence = `${directory} was found whole, but LevelDB cannot open it (${message}): check this machine, then rejoin as a new member`;
    return refused('DIRECTORY_DAMAGED', sentence);
  }
  const isFull = message.includes('No space left');
  const advice = adviceOn(isFull ? 'ENOSPC' : code);
  return refused('DIRECTORY_UNUSABLE', `${directory} cannot be used (${message}): ${advice}`);
}

/** The same for a file. */
export function fileRefusalOf(thrown: unknown, file: string): Refused {
  const code = codeOf(thrown);
  if (code === null || !(thrown instanceof Error)) throw thrown;
  return refused('FILE_UNUSABLE', `${file} cannot be used (${thrown.message}): ${adviceOn(code)}`);
}

function adviceOn(code: string): string {
  return ADVICE[code] ?? 'see the error of the operating system';
}

export function lockedRefusal(directory: string): Refused {
  return refused(
    'DIRECTORY_LOCKED',
    `${directory} is in use by another process: is this member running already? Stop it first`,
  );
}

/** The code of an error of the operating system or of LevelDB; null: it is neither. */
export function codeOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null;
  return typeof thrown.code === 'string' && /^(E[A-Z0-9]+|LEVEL_[A-Z_]+)$/.test(thrown.code)
    ? thrown.code
    : null;
}
