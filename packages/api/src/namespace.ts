/** Where keys live that come by a protocol without namespaces: in one place for all of them, so that one reads what another wrote. */
export const DEFAULT_NAMESPACE = 'default';
