/**
 * Where a member that is started as printed shows its figures: members of one host would all take the default port of /metrics and /status, so each gets
 * one above those of its own.
 */
import { formatAddress, parseAddress } from '@seedraft/node/address';

/** `place`: among those that share these addresses. */
export function figuresAbove(addresses: readonly string[], place = 0): string[] {
  const ports = addresses.map((address) => parseAddress(address)?.port ?? 0);
  const port = Math.max(...ports) + 1 + place;
  return ['--http-listen', port < 65_536 ? formatAddress({ host: '127.0.0.1', port }) : 'off'];
}
