/** What a store said no with, or why it was not heard, as one sentence that says what to do. Credentials never come into it. */
import { NO_SDK } from './sdk.ts';

export type S3FailureCode =
  | 'S3_UNREACHABLE'
  | 'S3_DENIED'
  | 'S3_NO_BUCKET'
  | 'S3_NO_OBJECT'
  | 'S3_MISCONFIGURED'
  | 'S3_FAILED'
  /** Not a whole backup of ours. */
  | 'NOT_A_BACKUP'
  | 'FORMAT_NEWER'
  | 'BACKUP_DAMAGED'
  /** The signal aborted it. */
  | 'ABORTED';

export class S3Failure extends Error {
  readonly code: S3FailureCode;

  constructor(code: S3FailureCode, sentence: string) {
    super(sentence);
    this.name = 'S3Failure';
    this.code = code;
  }
}

const UNREACHABLE =
  /^(ECONN|ENOTFOUND|EAI_AGAIN|EHOST|ENET|EPIPE|ETIMEDOUT|TimeoutError|CERT|.*CERT|ERR_TLS|ERR_SSL)/;
const DENIED =
  /^(AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|AllAccessDisabled|Forbidden|AccountProblem|RequestTimeTooSkewed|403)/;

interface SdkError {
  readonly name?: string;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** `what`: the object or bucket that was asked for; `where`: the endpoint. */
export function s3Failure(thrown: unknown, what: string, where: string): S3Failure {
  if (thrown instanceof S3Failure) return thrown;
  const error = thrown as SdkError;
  const status = error.$metadata?.httpStatusCode;
  const names = [error.name, error.code, error.Code, status].map(String);
  const is = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const said = `${error.name ?? 'Error'}: ${error.message ?? String(thrown)}`;
  if (is(/^AbortError$/)) return new S3Failure('ABORTED', 'it was interrupted');
  if (is(/^ERR_MODULE_NOT_FOUND$/)) return new S3Failure('S3_MISCONFIGURED', NO_SDK);
  if (is(/^CredentialsProviderError$/)) {
    const sentence = `there are no credentials for ${where}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role (${error.message})`;
    return new S3Failure('S3_MISCONFIGURED', sentence);
  }
  if (/region is missing/i.test(said)) {
    return new S3Failure('S3_MISCONFIGURED', 'no region is known: set AWS_REGION');
  }
  if (is(/^NoSuchBucket$/)) {
    return new S3Failure('S3_NO_BUCKET', `${where} has no such bucket (${what}): create it`);
  }
  if (is(/^(NoSuchKey|NotFound|404)$/)) {
    return new S3Failure('S3_NO_OBJECT', `there is no ${what} at ${where}`);
  }
  if (is(DENIED)) {
    const sentence = `${where} does not let these credentials at ${what} (${said}): they need to list, get, put and delete there`;
    return new S3Failure('S3_DENIED', sentence);
  }
  if (is(UNREACHABLE)) {
    return new S3Failure('S3_UNREACHABLE', `${where} cannot be reached (${said}): try again`);
  }
  return new S3Failure('S3_FAILED', `${where} refused ${what} (${said})`);
}
