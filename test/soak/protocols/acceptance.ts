/** uring's own acceptance suite, request by request, for a fresh cluster whose first member leads. */

/** Member, method, path, body; then the status, and the answer where the suite names one. */
type Step = readonly [1 | 2 | 3, string, string, unknown, number, unknown?];

const boop = { value: 'boop' };
const snot = { store: 'snot' };
const KEYS: readonly Step[] = [
  [1, 'GET', '/kv/phantom', undefined, 404, 'not found'],
  [1, 'POST', '/kv/beep', boop, 201, null],
  [1, 'POST', '/kv/beep', boop, 201, 'boop'],
  [1, 'GET', '/kv/beep', undefined, 200, 'boop'],
  [2, 'GET', '/kv/phantom', undefined, 404],
  [2, 'POST', '/kv/beep', boop, 201],
  [2, 'POST', '/kv/beep', boop, 201],
  [2, 'GET', '/kv/beep', undefined, 200, 'boop'],
  [2, 'POST', '/kv/meep2/cas', snot, 201, 'set'],
  [2, 'POST', '/kv/beep/cas', { check: 'boop', ...snot }, 201, 'set'],
  [2, 'GET', '/kv/meep2', undefined, 200, 'snot'],
  [3, 'GET', '/kv/phantom', undefined, 404],
  [3, 'POST', '/kv/fleek', boop, 201],
  [3, 'POST', '/kv/fleek', boop, 201],
  [3, 'GET', '/kv/fleek', undefined, 200, 'boop'],
  [3, 'POST', '/kv/meep3/cas', snot, 201],
  [3, 'POST', '/kv/fleek/cas', { check: 'boop', ...snot }, 201],
  [3, 'GET', '/kv/meep3', undefined, 200, 'snot'],
];
const ROLES: readonly Step[] = [
  [1, 'GET', '/status', undefined, 200, { role: 'Leader' }],
  [2, 'GET', '/status', undefined, 200, { role: 'Follower' }],
  [3, 'GET', '/status', undefined, 200, { role: 'Follower' }],
];

type Ask = (
  member: number,
  method: string,
  path: string,
  body: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>;

/** What was wrong, a sentence a step. */
export async function acceptance(ask: Ask): Promise<string[]> {
  const wrong: string[] = [];
  for (const [member, method, path, sent, status, answer] of [...ROLES, ...KEYS, ...ROLES]) {
    const answered = await ask(member, method, path, sent);
    const isRight = answered.status === status && isAnswer(answered.body, answer);
    if (isRight) continue;
    const { status: got, body } = answered;
    wrong.push(`${method} ${member}${path}: ${got} ${JSON.stringify(body)}, not ${status}`);
  }
  return wrong;
}

/** Of a status only the role: its times are never the same. */
function isAnswer(body: unknown, answer: unknown): boolean {
  if (answer === undefined) return true;
  if (typeof answer !== 'object' || answer === null) return body === answer;
  return (body as { role?: unknown }).role === (answer as { role: unknown }).role;
}
