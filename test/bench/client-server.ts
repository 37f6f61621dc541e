/** The other end of `client.ts`: tells its parent where it listens, and ends with it. */
import { TestServer } from '../client/server.ts';

const server = await TestServer.start();
server.credits = 1024;
server.isRecording = false;
process.on('disconnect', () => process.exit(0));
process.send!(server.address);
