export {
  type BackupHeader,
  Capture,
  type CapturedState,
  type CaptureRequest,
} from './capture.ts';
export { describeCommand } from './describe.ts';
export { COMMAND, decodeEnvelope } from './envelope.ts';
export type { FoundingStatus, Meet } from './founding.ts';
export type * from './ports.ts';
export { Replica, type ReplicaOptions } from './replica.ts';
export {
  type AskedRequest,
  type ClientRefusalCode,
  type ClientReply,
  type ClientRequest,
  sentence,
} from './request.ts';
export { MAX_REMEMBERED } from './sessions.ts';
export { MachineError, MemberStopped } from './stopped.ts';
