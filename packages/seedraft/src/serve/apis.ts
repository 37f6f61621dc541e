/** The ports where a member speaks other systems' protocols: all over one door, as its settings say. */
import { MemberDoor, type OpenedApi, openApi } from '@seedraft/api';
import { formatAddress, parseAddress, type RunningNode, Tokens } from '@seedraft/node';
import { leaderAsker } from './ask-leader.ts';
import type { Logger } from './log.ts';
import { clientSecurity } from './node-options.ts';
import { parseApi, type ServeSettings } from './settings.ts';
import { testingControls } from './testing.ts';

const ANY_HOST: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export interface Apis {
  /** By protocol, `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Open requests are answered, then all is closed. May be called again. */
  stop(): Promise<void>;
}

/** 'failed': the log says why, and nothing is left open. */
export async function openApis(
  node: RunningNode,
  settings: ServeSettings,
  logger: Logger,
): Promise<Apis | 'failed'> {
  const opened: OpenedApi[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((api) => api.stop()));
  };
  const security = clientSecurity(settings);
  const tokens = new Tokens(security);
  const token = security.tokens?.find(({ role }) => role === 'admin')?.token;
  const askLeader = leaderAsker(() => node.status(), {
    ...(token !== undefined && { token }),
    ...(security.tls && { tls: { ca: String(security.tls.ca) } }),
  });
  const door = new MemberDoor(node, { askLeader });
  const addresses: Record<string, string> = {};
  for (const { protocol, listen } of settings.api.map((one) => parseApi(one)!)) {
    try {
      const access = (token: string) => tokens.roleOf(token);
      // Bound to every interface: others reach it where they reach this member.
      const advertiseHost = ANY_HOST.has(listen.host)
        ? (parseAddress(node.peerAddress)?.host ?? listen.host)
        : listen.host;
      const api = await openApi({
        protocol,
        listen,
        door,
        access,
        advertiseHost,
        origins: settings['api-origin'],
        ...(settings['api-testing'] && { testing: testingControls(() => node) }),
      });
      opened.push(api);
      addresses[protocol] = api.address;
      logger.info({ protocol, address: api.address }, `speaks ${protocol} at ${api.address}`);
    } catch (error) {
      const where = `${protocol}=${formatAddress(listen)}`;
      logger.error(`--api ${where}: ${(error as Error).message}. Give another port.`);
      await stop();
      return 'failed';
    }
  }
  return { addresses, stop };
}
