/**
 * Web pages. A browser sends what a page of any site asks of 127.0.0.1 or of an inner network, and opens WebSockets for it, so that a stranger's
 * page could write into a cluster that the person before it can reach. It says whose page it was (`Origin`, RFC 6454): pages of another
 * origin than the port's own are refused unless they were named, and named ones get the answers that browsers want (Fetch Standard, CORS).
 * Programs say no origin and notice nothing.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** In `ApiContext.origins`: pages of whichever site. */
export const ANY_ORIGIN = '*';

/** The words of a refusal, with what to do. Null: no page asked, one of this port, or one that may. */
export function flawOfOrigin(
  { origin, host }: IncomingHttpHeaders,
  allowed: readonly string[],
): string | null {
  if (origin === undefined || isAllowed(origin, allowed)) return null;
  if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`))
    return null;
  return `Pages of ${origin} may not ask here: name it by --api-origin if they should.`;
}

/** For the answer to a page that may ask; of a preflight (an OPTIONS that asks whether it may) with all it asked for. */
export function corsHeaders(
  headers: IncomingHttpHeaders,
  allowed: readonly string[],
): Readonly<Record<string, string>> {
  const { origin } = headers;
  if (origin === undefined || !isAllowed(origin, allowed)) return {};
  const method = headers['access-control-request-method'];
  const asked = headers['access-control-request-headers'];
  return {
    'access-control-allow-origin': origin,
    vary: 'Origin',
    ...(method !== undefined && { 'access-control-allow-methods': method }),
    ...(asked !== undefined && { 'access-control-allow-headers': asked }),
  };
}

/** Answered here: none of the protocols has an OPTIONS of its own. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function isAllowed(origin: string, allowed: readonly string[]): boolean {
  return allowed.includes(ANY_ORIGIN) || allowed.includes(origin);
}
