/// <reference types="node" preserve="true" />
export type { Door, DoorHost, DoorLimits, DoorOptions, DoorRequest } from './door.ts';
export { type ApiLimits, defaultApiLimits, RateGate } from './limits.ts';
export type { ApiAddress, Dialect } from './listener.ts';
export { MemberDoor } from './member-door.ts';
export {
  type ApiOptions,
  type OpenedApi,
  openApi,
  openNativePort,
} from './open-api.ts';
export type { Access, ApiContext, Membership, Protocol, TestingControls } from './protocol.ts';
export { PROTOCOLS, type ProtocolName } from './protocols.ts';
export type { Reason } from './reason.ts';
export type { NativeAccept } from './sniff.ts';
