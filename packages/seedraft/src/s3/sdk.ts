/**
 * The AWS SDK, an optional peer: loaded when a bucket is first used, so that nobody else pays for it. Endpoint, region and credentials are where every
 * program of that SDK looks for them; none of the last is ever taken from a flag.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { UsageError } from '../exit-codes.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

export const NO_SDK =
  'backups in S3 need a package that is not installed: npm install @aws-sdk/client-s3';

/** Throws UsageError when it is not installed. */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(`${NO_SDK}`);
  }
}

export interface S3Endpoint {
  /** Null: that of AWS in its region. */
  readonly url: string | null;
  /** For people. */
  readonly name: string;
}

/** `given` beats the SDK's own variables. Throws UsageError. */
export function endpointOf(given: string, environment: NodeJS.ProcessEnv): S3Endpoint {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = environment;
  const url = [given, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL].find((one) => one);
  if (url === undefined) return { url: null, name: 'AWS S3' };
  const wrong = flawOfEndpoint(url);
  if (wrong !== null) throw new UsageError(`--s3-endpoint (or AWS_ENDPOINT_URL): ${wrong}`);
  return { url, name: new URL(url).origin };
}

/** Null: it may be one. */
export function flawOfEndpoint(url: string): string | null {
  const parsed = /^https?:\/\/[^/]/i.test(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null)
    return 'give a URL, such as https://s3.example.org or http://127.0.0.1:9000.';
  if (parsed.username === '' && parsed.password === '') return null;
  return 'credentials do not belong into it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
}

const OF_AWS = /(^|\.)amazonaws\.com(\.cn)?$/;

/** A request that hears nothing for so long is given up, and tried again by the SDK. */
const SILENCE_MS = 30_000;

export function createClient(
  sdk: Sdk,
  { url }: S3Endpoint,
  environment: NodeJS.ProcessEnv,
): S3Client {
  const isAws = url === null || OF_AWS.test(new URL(url).hostname);
  const { AWS_REGION, AWS_DEFAULT_REGION } = environment;
  const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? (isAws ? undefined : 'us-east-1');
  return new sdk.S3Client({
    ...(url !== null && { endpoint: url }),
    ...(region !== undefined && { region }),
    // Names of buckets in names of hosts are AWS's own; others are reached by one name.
    forcePathStyle: !isAws,
    // Stores that are not AWS know no trailing checksums; what was written is read back anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5000, socketTimeout: SILENCE_MS },
  });
}
