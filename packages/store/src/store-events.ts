/** What a store reports, each at the moment it becomes true; the driver turns each into the replica's door of the same name. */
export interface StoreEvents {
  /** The group that bears persist `seq`, and everything before it, has reached the disk (the member has not heard yet). */
  durable(seq: number): void;
  persisted(seq: number): void;
  persistFailed(seq: number, code: string): void;
  snapshotWritten(id: string, offset: number): void;
  snapshotSealed(id: string): void;
  snapshotRead(id: string, offset: number, bytes: Uint8Array): void;
  snapshotFailed(id: string, code: string): void;
  bootstrapWritten(): void;
  bootstrapFailed(code: string): void;
}
