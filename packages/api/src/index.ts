export type { Door, DoorHost, DoorLimits, DoorRequest } from './door.ts';
export { type ApiLimits, defaultApiLimits, RateGate } from './limits.ts';
export type { ApiAddress, Dialect } from './listener.ts';
export { MemberDoor } from './member-door.ts';
export {
  type ApiOptions,
  type OpenedApi,
  openApi,
  PROTOCOLS,
  type ProtocolName,
} from './open-api.ts';
export type { Access, ApiContext, Protocol, TestingControls } from './protocol.ts';
