/** Host and port, as people write them: `host:port`, `[::1]:port`. */
export interface Address {
  readonly host: string;
  /** 0 when listening: any free one. */
  readonly port: number;
}

/** Null: it is none. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  const host = match[1] ?? match[2];
  return host === undefined || port > 65535 ? null : { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
