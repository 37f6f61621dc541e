/**
 * One backup on its way to a client: the state is frozen at an index, then its bytes leave a chunk at a time, the next one only when the system has
 * taken the last (wire's README, Backup). So a large state costs the member one chunk of work a turn and one chunk of memory, besides what
 * the machine records while it is read; and a client that stops reading is cut off, for that would grow as long as it stays.
 */
import type { BackupHeader, Capture, CapturedState, ClientReply } from '@seedraft/replica';
import { backupHeaderTuple, type ClientFrame } from '@seedraft/wire';
import type { Cancel, Clock } from './clock.ts';
import type { Asker } from './driver.ts';

/** The connection, as this needs it. */
export interface BackupTarget {
  readonly from: Omit<BackupHeader, keyof CapturedState>;
  readonly requestId: number;
  readonly clock: Clock;
  /** How long a chunk may wait, ms. */
  readonly stall: number;
  send(frame: ClientFrame): void;
  reply(reply: ClientReply): void;
  giveUp(): void;
  /** Once, however it ended. */
  ended(): void;
}

export class BackupStream implements Asker {
  readonly #target: BackupTarget;
  #capture: Capture | null = null;
  #hasEnded = false;
  #cancelStall: Cancel = () => {};

  constructor(target: BackupTarget) {
    this.#target = target;
  }

  /** The frozen state, or a refusal. */
  answered(_: number, reply: ClientReply): void {
    const capture = reply.type === 'Ok' ? (reply.value as Capture) : null;
    if (this.#hasEnded) capture?.release();
    else if (capture === null) this.#finish(reply);
    else {
      this.#capture = capture;
      const { from } = this.#target;
      this.#send(backupHeaderTuple({ ...from, ...capture.about }));
    }
  }

  /** Everything sent so far is with the system. */
  proceed(): void {
    const capture = this.#capture;
    if (capture === null) return;
    const chunk = pulled(capture);
    if (chunk instanceof Uint8Array) {
      this.#send(chunk);
      return;
    }
    const { index } = capture.about;
    const { size, checksum } = capture;
    this.#finish(chunk ?? { type: 'Ok', index, value: [size, checksum] });
  }

  /** The connection is no more. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelStall();
    this.#capture?.release();
    this.#capture = null;
    this.#target.ended();
  }

  #send(value: unknown): void {
    const { requestId, clock, stall } = this.#target;
    const index = this.#capture!.about.index;
    this.#cancelStall();
    this.#cancelStall = clock.after(stall, () => this.#target.giveUp());
    this.#target.send({ type: 'event', requestId, index, value });
  }

  #finish(reply: ClientReply): void {
    this.end();
    this.#target.reply(reply);
  }
}

/** The next chunk; null: there is none; a refusal: the machine threw, or gave what no snapshot can carry. It changed nothing by that. */
function pulled(capture: Capture): Uint8Array | null | ClientReply {
  try {
    return capture.next();
  } catch {
    return { type: 'Refused', code: 'MACHINE_ERROR', leader: 0 };
  }
}
